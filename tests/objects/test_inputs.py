"""Papers in an object store: found, read and resumed as those of a folder are."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from i2l_batch.config import TranscribeConfig
from i2l_batch.errors import SourceError, UsageError
from i2l_batch.extract.files import file_sha256
from i2l_batch.fetch import document_sha256, local_file
from i2l_batch.pipeline import dry_run
from i2l_batch.records import Problem
from i2l_batch.results import open_results
from i2l_batch.sources import list_sources
from tests.command import call
from tests.conftest import EXAMPLES
from tests.extract import pdfs
from tests.objects.bucket import Bucket
from tests.objects.proxy import Fault
from tests.runs import documents, rows, run

TREE = (
    "a.pdf",
    "notes.txt",
    "2020/001.pdf",
    "2020/b c.PDF",
    "2020/deep/er/x.png",
    "2021/001.pdf",
    "2021/.hidden/y.jpg",
    "2021/.z.tiff",
    "2021/odd[1]?.webp",
    "20/a.pdf",
)
NAMES = (
    "",
    "/",
    "/2020",
    "/2020/",
    "/a.pdf",
    "/notes.txt",
    "/*.pdf",
    "/*",
    "/20*",
    "/20*/",
    "/20*/*.pdf",
    "/202?/001.pdf",
    "/**/*.pdf",
    "/**",
    "/2020/**",
    "/*/deep",
    "/[!a]*/*",
    "/2021/.*",
    "/2021/odd[1]?.webp",
    "/missing.pdf",
    "/missing*.pdf",
)


@pytest.fixture
def tree(bucket: Bucket, tmp_path: Path) -> Path:
    """Files of these names, here and in the bucket."""
    folder = tmp_path / "papers"
    for number, name in enumerate(TREE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * number)
    bucket.upload(folder, "in/papers")
    return folder


def listed(*inputs: str) -> list[tuple[str, int, str, str]]:
    """Name, size, and what each input is."""
    found = []
    for source in list_sources(inputs):
        problem = source.error_type if isinstance(source, Problem) else source.media
        found.append((source.name, source.num_bytes, type(source).__name__, problem))
    return found


def test_names_are_those_of_a_folder(bucket: Bucket, tree: Path) -> None:
    for name in NAMES:
        assert listed(bucket.uri(f"in/papers{name}")) == listed(f"{tree}{name}"), name
    mixed = [bucket.uri("in/papers/2020"), f"{tree}/2021", bucket.uri("in/papers/2021")]
    names = [name for name, *_ in listed(*mixed)]
    assert len(set(names)) == len(names) == 11
    assert "2020/001.pdf" in names
    assert listed(*mixed, mixed[0]) == listed(*mixed)  # each once
    (tree / "list.txt").write_text("\n".join(mixed))
    assert listed(f"@{tree}/list.txt") == listed(*mixed)


def test_a_list_is_one_request_for_a_thousand_objects(bucket: Bucket, tree: Path) -> None:
    list(list_sources([bucket.uri("in/papers/")]))
    assert len(bucket.proxy.requests) <= 3  # whatever the number of papers
    assert tree.exists()


@pytest.mark.parametrize("fault", ["forbidden", "no bucket", "gone"])
def test_a_store_that_cannot_be_asked_is_one_line(bucket: Bucket, fault: str) -> None:
    uri = bucket.uri("papers/")
    if fault == "forbidden":
        bucket.proxy.fault = lambda _method, _path: "forbidden"
    elif fault == "no bucket":
        uri = uri.replace(bucket.name, "no-such-bucket")
    else:
        bucket.proxy.fault = lambda _method, _path: "cut request"
    with pytest.raises(UsageError, match=r"^cannot list s3://.*/papers") as caught:
        list_sources([uri])
    assert "\n" not in str(caught.value)
    assert len(bucket.proxy.requests) <= 8  # few, quickly


def test_a_bucket_that_is_not_there_ends_the_command_before_it_begins(
    bucket: Bucket, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = bucket.uri("papers").replace(bucket.name, "no-such-bucket")
    for arguments in ((uri, "-o", tmp_path / "out"), (tree, "-o", uri)):
        began = time.monotonic()
        assert call("transcribe", *arguments) == 2
        assert time.monotonic() - began < 10
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("i2l: cannot list s3://no-such-bucket/papers")
        assert "NO_SUCH_BUCKET" in line
    assert not (tmp_path / "out").exists()


def test_an_object_that_is_refused_alone_is_a_row(bucket: Bucket, tree: Path) -> None:
    bucket.proxy.fault = lambda method, _path: "forbidden" if method == "HEAD" else None
    (problem,) = list_sources([bucket.uri("in/papers/a.pdf")])
    assert isinstance(problem, Problem)
    assert problem.error_type == "unreadable"
    assert "ACCESS_DENIED" in problem.message
    assert tree.exists()


# --- content ---------------------------------------------------------------------------------


def test_a_copy_has_the_content_and_goes(bucket: Bucket, tmp_path: Path) -> None:
    """In several blocks, over a store that falters."""
    content = os.urandom(9_000_000)
    (tmp_path / "x").write_bytes(content)
    bucket.put("a paper.pdf", content)
    uri = bucket.uri("a paper.pdf")
    for fault in ("busy", "cut request", "cut answer"):
        bucket.faults(fault, 1, "GET", "paper.pdf")
        with local_file(uri, 60) as path:
            assert Path(path).read_bytes() == content
            assert path.endswith(".pdf")
        assert not Path(path).parent.exists()
    assert document_sha256(uri) == file_sha256(str(tmp_path / "x"))


def test_what_goes_wrong_with_a_copy_names_the_object(bucket: Bucket) -> None:
    bucket.put("big.pdf", bytes(9_000_000))
    uri, missing = bucket.uri("big.pdf"), bucket.uri("missing.pdf")
    gone = pytest.raises(SourceError, match=r"missing.pdf.* is not there any more")
    with gone as caught, local_file(missing, 60):
        pass
    assert caught.value.error_type == "unreadable"
    late = pytest.raises(SourceError, match="could not be fetched in time")
    with late as caught, local_file(uri, 0):
        pass
    assert caught.value.error_type == "timeout"
    with pytest.raises(SourceError) as caught, local_file(uri, 60) as path:
        raise SourceError("corrupt", f"{path} is damaged")
    assert str(caught.value) == f"{uri} is damaged"

    def replace(method: str, path: str) -> Fault | None:
        if method == "GET" and "big.pdf" in path:
            bucket.put("big.pdf", bytes(9_000_001))
        return None

    bucket.proxy.fault = replace
    with pytest.raises(SourceError, match=r"changed while it was read|cannot be read"):
        document_sha256(uri)


# --- runs ------------------------------------------------------------------------------------


def papers(folder: Path) -> Path:
    """Two papers, an image, and what is none."""
    (folder / "sub").mkdir(parents=True)
    shutil.copy(EXAMPLES / "papers" / "numbered.pdf", folder / "sub")
    shutil.copy(EXAMPLES / "formulas" / "euler.png", folder)
    pdfs.paper(folder / "long.pdf", pages=3)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    return folder


def facts(output: str | Path) -> dict[str, tuple[object, ...]]:
    """What must be equal wherever the papers are."""
    names = ("source_sha256", "bytes", "pages", "formulas", "status", "error_type")
    return {name: tuple(row[n] for n in names) for name, row in documents(output).items()}


@pytest.mark.usefixtures("cluster")
def test_a_run_from_store_to_store_is_that_of_a_disk(
    bucket: Bucket, tmp_path: Path, checkpoint: Path
) -> None:
    """Over a store that falters on each kind of request."""
    here = papers(tmp_path / "papers")
    bucket.upload(here, "papers")
    run([here], tmp_path / "out", checkpoint)
    expected = facts(tmp_path / "out")
    assert {status for *_, status, _ in expected.values()} == {"ok", "failed"}

    faults: list[tuple[str, str, Fault]] = [
        ("GET", "long.pdf", "cut answer"),
        ("GET", "numbered.pdf", "busy"),
        ("HEAD", "euler.png", "cut request"),
        ("PUT", "/formulas/", "cut answer"),
        ("PUT", "/documents/", "busy"),
        ("PUT", "/runs/", "cut request"),
        ("GET", "list-type", "busy"),
    ]

    def falter(method: str, path: str) -> Fault | None:
        for index, (its_method, part, fault) in enumerate(faults):
            if method == its_method and part in path:
                del faults[index]
                return fault
        return None

    bucket.proxy.fault = falter
    uri, out = bucket.uri("papers/"), bucket.folder("out")
    account, said = run([uri], out, checkpoint)
    assert faults == []
    assert facts(bucket.uri("out")) == expected
    assert rows(bucket.uri("out")) == rows(tmp_path / "out")
    assert (account.ok, account.failed) == (3, 1)
    broken = documents(bucket.uri("out"))["broken.pdf"]
    assert bucket.uri("papers/broken.pdf") in broken["error_message"]
    assert broken["path"] == bucket.uri("papers/broken.pdf")
    assert "copy.pdf" not in said


@pytest.mark.usefixtures("cluster")
def test_what_is_done_is_not_read_again(bucket: Bucket, tmp_path: Path, checkpoint: Path) -> None:
    here = papers(tmp_path / "papers")
    bucket.upload(here, "papers")
    uri, out = bucket.uri("papers/"), bucket.uri("out")
    run([uri], bucket.folder("out"), checkpoint)
    config = TranscribeConfig(model=checkpoint)

    def would_do(*inputs: str | Path, retry: bool = False) -> dict[str, str]:
        lines = dry_run(list(map(str, inputs)), out, replace(config, retry_failed=retry))
        return {line[11:].strip().partition(": ")[0]: line[:11].strip() for line in lines}

    before = bucket.proxy.count("GET", "/papers/")
    assert set(would_do(uri).values()) == {"skip"}
    assert would_do(uri, retry=True)["broken.pdf"] == "retry"
    assert bucket.proxy.count("GET", "/papers/") == before
    time.sleep(1.1)  # the store's clock ticks seconds
    bucket.put("papers/sub/numbered.pdf", (here / "sub" / "numbered.pdf").read_bytes())
    changed = bytearray((here / "long.pdf").read_bytes())
    changed[-1] ^= 1
    bucket.put("papers/long.pdf", bytes(changed))
    bucket.remove("papers/euler.png")
    assert would_do(uri, bucket.uri("papers/euler.png")) == {
        "broken.pdf": "skip",
        "euler.png": "fail",
        "long.pdf": "redo",
        "sub/numbered.pdf": "skip",  # written again, with the same content
    }
    assert bucket.proxy.count("GET", "/papers/") == before + 2
    # A copy on a disk is the same paper, and another paper of its name in the store is not.
    assert set(would_do(here).values()) == {"skip"}
    bucket.put("others/long.pdf", b"%PDF-1.4 another")
    with pytest.raises(
        UsageError, match=r"long.pdf is already in s3://.*, from s3://.*/papers/long"
    ):
        would_do(bucket.uri("others"))


@pytest.mark.usefixtures("cluster")
def test_a_store_that_goes_during_a_run(bucket: Bucket, tmp_path: Path, checkpoint: Path) -> None:
    """Papers in it become rows that say so, and are read when it is back; what is there stays."""
    here = papers(tmp_path / "papers")
    bucket.upload(here, "papers")
    uri = bucket.uri("papers/", max_attempts=2)
    bucket.proxy.fault = lambda method, path: (
        "cut request" if method == "GET" and "/papers/" in path else None
    )
    account, said = run([uri], tmp_path / "out", checkpoint)
    assert account.failed == 4
    assert said.count("cannot be read: NETWORK_CONNECTION") == 4
    assert {row["error_type"] for row in documents(tmp_path / "out").values()} == {"unreadable"}
    bucket.proxy.fault = lambda _method, _path: None
    account, _ = run([uri], tmp_path / "out", checkpoint, retry_failed=True)
    assert (account.ok, account.failed) == (3, 1)
    assert len(open_results(tmp_path / "out").runs()) == 2
