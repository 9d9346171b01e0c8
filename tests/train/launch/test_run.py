"""Real runs in this process and in Ray workers: they learn the same, and survive the same."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from i2l_batch.errors import StoreError, UsageError
from i2l_batch.lock import FolderLock
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.train.config import TrainConfig, TrainJob
from i2l_batch.train.config_file import to_toml
from i2l_batch.train.launch.display import Display
from i2l_batch.train.launch.run import FAILURES_LOG, held, launch
from i2l_batch.train.presets import preset
from i2l_batch.train.run_folder import BEST, LATEST, METRICS
from tests.processes import descendants, wait_until
from tests.train.little_world import samples, write_dataset

# Ray Train builds Ray Data's context, which warns of its own defaults.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

STEPS = 32
CONFIG: TrainConfig = replace(
    preset("strips-tiny"),
    epochs=100.0,
    max_steps=STEPS,
    batch_size=16,
    log_steps=1,
    checkpoint_steps=3,
    validate_steps=STEPS // 2,
    validate_samples=4,
)
TOLERANCE = 1e-3
"""Of the losses, relative. Workers add up the same 32-bit numbers in another order: that changes
the last of seven digits, and the steps that follow may spread it. Seen after 35 steps: no
difference in the six digits of the table on a processor with AVX-512, 1.2e-4 on one without."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "digits"
    return write_dataset(folder, samples(96, 3), samples(8, 3, seed=1))


@pytest.fixture(scope="module")
def undisturbed(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in this process, from the first step to the last."""
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    start(dataset, run, 0)
    return run


def start(dataset: Path, run: Path, workers: int) -> str:
    """Train to the end; returns what the screen showed."""
    console = Console(file=io.StringIO(), soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    job = TrainJob(dataset=dataset, run=run, config=CONFIG)
    with Display(console=console) as display:
        progress = launch(job, workers=workers, device="cpu", display=display)
    assert (progress.step, progress.stopped) == (STEPS, False)
    return console.file.getvalue()


def metrics(run: Path) -> list[dict[str, str]]:
    """The rows of a run's table so far."""
    path = run / METRICS
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def assert_same_curve(run: Path, undisturbed: Path) -> None:
    """The same steps, each once, with the same losses; and the same scores of validations."""
    rows, expected = metrics(run), metrics(undisturbed)
    assert [row["step"] for row in rows] == [row["step"] for row in expected]
    losses = [float(row["loss"] or 0) for row in rows]
    assert losses == pytest.approx([float(row["loss"] or 0) for row in expected], rel=TOLERANCE)
    assert sum(losses[:3]) > sum(losses[STEPS - 3 : STEPS]), "it learns"


def test_two_workers_learn_the_same_and_one_may_die(
    dataset: Path, undisturbed: Path, tmp_path: Path, cluster: str
) -> None:
    assert cluster
    run = tmp_path / "run"
    killer = threading.Thread(target=kill_a_worker, args=(run,))
    killer.start()
    screen = start(dataset, run, 2)
    killer.join()
    assert ": its process died; all workers start again from the latest checkpoint\n" in screen
    assert "RayTrainWorker" in (run / FAILURES_LOG).read_text()
    assert_same_curve(run, undisturbed)
    for name in (LATEST, BEST):
        load_checkpoint(run / name)
    job = TrainJob(
        dataset=dataset,
        run=tmp_path / "tuned",
        config=replace(CONFIG, max_steps=1),
        start_from=run / LATEST,
    )
    with Display(-1) as display:
        assert launch(job, workers=0, device="cpu", display=display).step == 1
    first, last = metrics(tmp_path / "tuned")[0], metrics(run)[-2]
    assert float(first["loss"]) < 1.1 * float(last["loss"])


def kill_a_worker(run: Path) -> None:
    """SIGKILL one of the workers when half of the steps are done."""
    wait_until(lambda: len(metrics(run)) >= STEPS // 3, 300)
    os.kill(descendants(os.getpid(), "ray::RayTrainWorker")[-1], signal.SIGKILL)


def command(
    dataset: Path, run: Path, workers: int, cluster: str | None = None
) -> subprocess.Popen[str]:
    """`i2l train` in a process group of its own, as a shell starts it."""
    config = run.with_suffix(".toml")
    config.write_text(to_toml(CONFIG))
    options = {"--output": run, "--config": config, "--workers": workers, "--device": "cpu"}
    options |= {"--ray-address": cluster} if cluster else {}
    return subprocess.Popen(
        [sys.executable, "-m", "i2l_batch.cli", "train", str(dataset)]
        + [str(word) for option in options.items() for word in option],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_an_interrupted_and_killed_run_ends_like_any_other(
    dataset: Path, undisturbed: Path, tmp_path: Path, cluster: str
) -> None:
    """Ctrl-C; the same command on a cluster; SIGKILL for the driver; the same without Ray."""
    run = tmp_path / "run"
    driver = command(dataset, run, 2)
    wait_until(lambda: len(metrics(run)) >= 3, 300)
    os.killpg(driver.pid, signal.SIGINT)  # a terminal sends it to the workers too
    out, err = driver.communicate(timeout=300)
    assert (driver.returncode, out) == (130, ""), err
    assert "stopping after this step with a checkpoint" in err
    assert err.endswith("i2l: interrupted; the same command goes on from the latest checkpoint\n")
    stopped = int(metrics(run)[-1]["step"])
    assert 3 <= stopped < STEPS

    driver = command(dataset, run, 1, cluster)
    wait_until(lambda: len(metrics(run)) > stopped, 300)
    driver.kill()
    driver.communicate()

    # The worker that was left behind may do some steps more, before the next run gets its folder.
    driver = command(dataset, run, 0)
    out, err = driver.communicate(timeout=300)
    assert (driver.returncode, out) == (0, ""), err
    assert_same_curve(run, undisturbed)


def test_a_machine_without_ray_can_train(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ImportError('there is no Ray here')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    code = "import sys; from i2l_batch.cli import main; main(sys.argv[1:])"
    arguments = ["train", dataset, "-o", tmp_path / "run", "--preset", "compact-tiny"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments), "--max-steps", "1", "--device", "cpu"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    load_checkpoint(tmp_path / "run" / LATEST)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"workers": -1}, "--workers -1: use 0"),
        ({"gpus": True, "device": "cpu"}, "--gpus and --device cpu contradict"),
        ({"workers": 0, "ray_address": "auto"}, "--ray-address needs workers"),
        ({"workers": 999, "gpus": True}, "--gpus: every worker needs a GPU, 999 are asked for"),
        ({"workers": 999, "device": "cuda"}, "--device cuda: every worker needs a GPU, 999"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    dataset: Path, tmp_path: Path, options: dict[str, object], text: str
) -> None:
    job = TrainJob(dataset=dataset, run=tmp_path / "run", config=CONFIG)
    with Display(-1) as display, pytest.raises(UsageError, match=text):
        launch(job, display=display, **options)  # pyright: ignore[reportArgumentType]
    assert not (tmp_path / "run").exists()


def test_a_data_set_that_is_not_there(tmp_path: Path) -> None:
    job = TrainJob(dataset=tmp_path / "data", run=tmp_path / "run", config=CONFIG)
    with Display(-1) as display, pytest.raises(UsageError, match=f"no data set at {tmp_path}"):
        launch(job, workers=2, display=display)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    lock = FolderLock(run)
    said: list[str] = []
    with (
        pytest.raises(StoreError, match="is in use by process"),
        held(run, said.append, patience=1),
    ):
        pass
    assert "is in use by process" in said[0]
    threading.Timer(0.5, lock.release).start()
    with held(run, said.append, patience=4):  # looks once a second
        pass
