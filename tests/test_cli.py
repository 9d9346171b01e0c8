"""The command line: exit codes, one line for each error, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from i2l_batch.committed import committed_documents
from i2l_batch.store import Store
from tests.command import call
from tests.extract import pdfs
from tests.processes import command_line, descendants, is_alive, wait_until
from tests.runs import documents, rows

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
Command = list[str]


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return pdfs.paper(tmp_path / "paper.pdf")


def spawn(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """`i2l ARGUMENTS` in a process group of its own, as from a shell."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    return subprocess.Popen(
        [sys.executable, "-m", "i2l_batch.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, **environment},
        start_new_session=True,
    )


def own_folders(driver: int) -> list[Path]:
    """Where the Ray of a run keeps its sockets and logs."""
    return list(Path("/tmp").glob(f"i2l-{driver}-*"))


@linux
def test_a_folder_of_hostile_files(tmp_path: Path, checkpoint: Path) -> None:
    """A whole run as users start it: each bad file is a row with its reason, the good are done."""
    folder = tmp_path / "papers"
    folder.mkdir()
    for name in ("a.pdf", "z.pdf"):
        pdfs.paper(folder / name, pages=2)
    content = (folder / "a.pdf").read_bytes()
    (folder / "broken.pdf").write_bytes(content[:200] + bytes(400))
    (folder / "nothing.pdf").touch()
    (folder / "text.pdf").write_text("This is no PDF.\n" * 50)
    pdfs.paper(folder / "locked.pdf", password="secret")
    pdfs.without_pages(folder / "zero.pdf")
    pdfs.hanging(folder / "hanging.pdf")
    run = spawn(
        "transcribe", folder, "-o", tmp_path / "out", "-m", checkpoint, "--beam-size", "1",
        "--document-timeout", "5", "--commit-seconds", "0",
        RAY_ADDRESS="192.0.2.1:6379",  # of a cluster that is not there, and not asked for
    )  # fmt: skip
    seen, folders = set[int](), list[Path]()
    while run.poll() is None:
        seen |= set(descendants(run.pid))
        folders += own_folders(run.pid)
        assert "libtorch" not in mapped(run.pid)
        for pid in descendants(run.pid, "dashboard.py"):  # it would tell Ray's makers of us
            assert "RAY_USAGE_STATS_ENABLED=0" in environment(pid)
        try:
            run.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    out, err = run.communicate()
    assert out == ""
    expected = {
        "a.pdf": "ok",
        "broken.pdf": "corrupt",
        "hanging.pdf": "timeout",
        "locked.pdf": "encrypted",
        "nothing.pdf": "corrupt",
        "text.pdf": "corrupt",
        "z.pdf": "ok",
        "zero.pdf": "corrupt",
    }
    found = documents(tmp_path / "out")
    assert {name: row["error_type"] or row["status"] for name, row in found.items()} == expected
    assert len(rows(tmp_path / "out")) == 4
    lines = [line for line in err.splitlines() if not line.endswith(("starting", "waiting"))]
    failures = sorted(line.split(": ")[1] for line in lines if line.startswith("failed: "))
    assert failures == sorted(name for name, end in expected.items() if end != "ok")
    assert lines[-1] == (
        "8 documents = 2 ok + 0 empty + 0 partial + 6 failed + 0 skipped; 4 formulas written to "
        f"{tmp_path / 'out'}"
    )
    assert len(lines) == 7, "others speak on stderr too"
    assert run.returncode == 1
    wait_until(lambda: not any(map(is_alive, seen)), 10)
    assert folders
    assert not own_folders(run.pid)


def mapped(pid: int) -> str:
    """The libraries that a process has loaded."""
    try:
        return Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return ""


def environment(pid: int) -> list[str]:
    """The environment that a process was started with; what is wanted of it if it has ended."""
    try:
        return Path(f"/proc/{pid}/environ").read_text().split("\0")
    except OSError:
        return ["RAY_USAGE_STATS_ENABLED=0"]


@linux
@pytest.mark.parametrize("kill", [False, True])
def test_an_interrupted_run_leaves_nothing_behind(
    tmp_path: Path, checkpoint: Path, kill: bool
) -> None:
    """Ctrl-C goes to all processes of the terminal's group; SIGKILL only to the driver."""
    pdfs.paper(tmp_path / "a.pdf")
    pdfs.hanging(tmp_path / "hanging.pdf")
    output = tmp_path / "out"
    run = spawn(
        "transcribe", tmp_path, "-o", output, "-m", checkpoint, "--beam-size", "1",
        "--commit-seconds", "0",
    )  # fmt: skip
    wait_until(lambda: descendants(run.pid, "ray::Reader"))
    wait_until(lambda: descendants(run.pid, "extract.child"))
    wait_until(lambda: "a.pdf" in committed_documents(output))
    below = [pid for pid in descendants(run.pid) if "Agent" not in command_line(pid)]
    if kill:  # Ray's agents take a minute to notice, and hold nothing
        run.kill()
        run.communicate()
    else:
        os.killpg(run.pid, signal.SIGINT)
        _, err = run.communicate()
        assert err.splitlines()[-2:] == [
            "2 documents = 1 ok + 0 empty + 0 partial + 0 failed + 0 skipped + 1 not done; "
            f"1 formula written to {output}",
            "i2l: interrupted; what is finished is committed, the same command goes on",
        ]
        assert "Traceback" not in err
        assert run.returncode == 130
        (record,) = (output / "runs").glob("*.json")
        assert json.loads(record.read_text())["status"] == "interrupted"
        assert "hanging.pdf" not in committed_documents(output)
    wait_until(lambda: not any(map(is_alive, below)), 30)
    with Store.open(output, settings={}, model={}, overwrite=True):
        pass  # the lock is free
    assert bool(own_folders(run.pid)) == kill  # the next run removes them


def test_a_dry_run_writes_nothing(
    paper: Path, tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["transcribe", paper, tmp_path / "no.pdf", "-o", tmp_path / "out", "-m", checkpoint]
    assert call(*arguments, "--dry-run") == 0
    assert capsys.readouterr().out == (
        f"fail        no.pdf: {tmp_path}/no.pdf cannot be read: No such file or directory\n"
        "transcribe  paper.pdf\n"
    )
    assert call(*arguments, "--dry-run", "--max-files", "1") == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("cluster")
def test_a_run_and_its_refusals(
    paper: Path, tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    arguments = ["transcribe", paper, "-o", output, "-m", checkpoint, "--beam-size", "1"]
    assert call(*arguments, "--device", "cuda") == 2
    assert (
        capsys.readouterr().err
        == "i2l: --device cuda: Ray finds no GPU here; use --device cpu or auto\n"
    )
    assert call(*arguments, "-q") == 0
    written = "1 document = 1 ok + 0 empty + 0 partial + 0 failed + 0 skipped; 1 formula written"
    assert capsys.readouterr() == ("", f"{written} to {output}\n")
    assert call(*arguments, "--dpi", "100") == 2
    assert capsys.readouterr().err == (
        f"i2l: {output} holds rows made with other settings (dpi 200 -> 100): "
        "use --overwrite to start again, or another output folder\n"
    )
    with Store.open(tmp_path / "locked", settings={}, model={}):
        arguments[3] = tmp_path / "locked"
        assert call(*arguments) == 2
    assert re.fullmatch(
        rf"i2l: {tmp_path}/locked is in use by process {os.getpid()} on \S+ since \S+: wait for it "
        "to end, or choose another output folder\n",
        capsys.readouterr().err,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tmp}/empty"], "no PDF or image files found in {tmp}/empty"),
        (["{tmp}", "--pages", "4-2"], "--pages 4-2: 4-2 is no range of pages"),
        (["{tmp}", "--dpi", "20"], "--dpi 20 is out of range: use 50 to 1200"),
        (["{tmp}", "--beam-size", "0"], "--beam-size 0 is out of range: use 1 to 50, or auto"),
        (["{tmp}", "--batch-size", "0"], "--batch-size 0: use 1 or more"),
        (["{tmp}", "--memory-limit", "1"], "--memory-limit 1 MiB is too little: use 128 or more"),
        (["{tmp}", "--document-timeout", "0"], "--document-timeout 0.0 must be positive"),
        (["@{tmp}/list"], "the list {tmp}/list cannot be read: No such file or directory"),
        (
            ["{tmp}", "-m", "{tmp}/empty"],
            "{tmp}/empty is not a checkpoint: model.safetensors is missing",
        ),
        (["{tmp}", "-o", "{tmp}/paper.pdf"], "{tmp}/paper.pdf is a file: choose a folder"),
        (["{tmp}", "-o", "{tmp}"], "{tmp} is not empty and holds no results of ours"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    arguments: Command,
    message: str,
    paper: Path,
    tmp_path: Path,
    checkpoint: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    base = ["-m", str(checkpoint), "-o", str(tmp_path / "out")]
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    assert call("transcribe", *base, *given) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"i2l: {message.format(tmp=tmp_path)}")
    assert err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", paper.name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["evaluate", "m", "t", "--beam-size", "0"],
            "--beam-size 0 is out of range: use 1 to 50, or auto",
        ),
        (["evaluate", "m", "t", "--limit", "0"], "--limit 0: use 1 or more"),
        (["dataset", "build", "f", "-o", "d", "--workers", "-1"], "--workers -1: use 1 or more"),
    ],
)
def test_numbers_out_of_range_are_refused(
    arguments: Command, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    assert capsys.readouterr() == ("", f"i2l: {message}\n")


def test_a_locked_paper_can_be_inspected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = pdfs.paper(tmp_path / "locked.pdf", password="secret")
    assert call("inspect", path, "-o", tmp_path / "drawn", "--pdf-password", "secret") == 0
    assert capsys.readouterr().out == f"{tmp_path}/drawn/locked-0001.png\n"


@pytest.mark.parametrize(
    "arguments", [["transcribe"], ["transcribe", "x", "-o", "y", "--colour"], ["tell"]]
)
def test_what_is_no_command_is_a_usage_error(
    arguments: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    assert "Usage:" in capsys.readouterr().err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert re.fullmatch(r"i2l \d+\.\d+.*\n", capsys.readouterr().out)


def test_a_cluster_that_is_gone(paper: Path, tmp_path: Path, checkpoint: Path) -> None:
    """Ray 2.60 goes on looking for it for more than ten minutes."""
    with socket.create_server(("", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    options = ("-o", tmp_path / "out", "-m", checkpoint, "--ray-address", "auto")
    run = spawn("transcribe", paper, *options, RAY_ADDRESS=address)
    assert run.communicate(timeout=60) == (
        "",
        "i2l: --ray-address auto: no Ray cluster can be reached there (Connection refused)\n",
    )
    assert run.returncode == 2
