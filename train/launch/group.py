"""The same work in several Ray workers, as one team, started again when one of them dies.

In: a function of a `Team` and a `Monitor`, and how many workers with what. Out: what the function
returned in process 0. Knows nothing of models; that a new start goes on where the last one stopped
is the function's own affair, so Ray's checkpoints are not used.
"""

from __future__ import annotations

import os
import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from i2l_batch.errors import I2LError
from i2l_batch.train.launch import failures
from i2l_batch.train.launch.crew import Crew
from i2l_batch.train.launch.display import Display
from i2l_batch.train.launch.mailbox import Mail, Mailbox, RemoteMonitor
from i2l_batch.train.launch.stopping import Stop
from i2l_batch.train.monitor import Monitor, Silent
from i2l_batch.train.team import Distributed, Team

Work = Callable[[Team, Monitor], Any]
"""What each worker does. It travels to the workers by pickle."""

FAILURES = 3
"""In a row, none of which got further than the one before: then it is no accident."""

_COLLECTIVE_SECONDS = 1800
"""Longest wait for the other workers. One that died is noticed within seconds; this is for one that
hangs, and must outlast what process 0 does alone."""

_LOOK_SECONDS = 0.25
"""Between two looks into the mailbox."""

_LEAVE_SECONDS = 15.0
"""For workers to end after the run was given up."""


def work_together(
    work: Work,
    crew: Crew,
    display: Display,
    stop: Stop,
    *,
    failures_log: Path,
    most_failures: int = FAILURES,
) -> Any:
    """Run the work in Ray workers and return what process 0 returned; Ray is connected already.

    A worker's death ends the others' work too, and all start again, unless `most_failures` starts
    in a row end without getting further.

    Raises:
        I2LError: a worker raised it (it is passed on), or workers die again and again.
        KeyboardInterrupt: a second signal.
    """
    # Ray Train looks after its workers every 2 s by default: as long it takes to start, to notice a
    # death, and to end.
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.5")
    # Warnings before a machine is taken away: a process more, and we start again in any case.
    os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
    import ray
    from ray.exceptions import RayError
    from ray.train import TrainingFailedError

    mailbox: Any = ray.remote(num_cpus=0)(Mailbox).remote()
    driver = _Driver(mailbox, display, stop)
    in_a_row, furthest = 0, -1
    try:
        while True:
            try:
                return driver.attempt(work, crew)
            except TrainingFailedError as error:
                rank, cause = failures.cause(error)
                if isinstance(cause, I2LError):
                    raise cause from error
                in_a_row = in_a_row + 1 if driver.step <= furthest else 1
                furthest = max(furthest, driver.step)
                failures.log(failures_log, driver.step, error)
            line = f"worker {rank} failed at step {max(furthest, 0)}: {failures.reason(cause)}"
            if in_a_row >= most_failures:
                raise I2LError(
                    f"{line}; {in_a_row} starts in a row got no further, see {failures_log}"
                )
            display.failure(f"{line}; all workers start again from the latest checkpoint")
    except RayError as error:
        failures.log(failures_log, driver.step, error)
        raise I2LError(
            f"Ray itself broke down ({type(error).__name__}, see {failures_log}): "
            "the same command goes on"
        ) from error
    finally:
        if ray.is_initialized():
            ray.kill(mailbox)  # workers that are left end at their next step


class _Driver:
    """Waits for workers in the main thread, where the signals come."""

    def __init__(self, mailbox: Any, display: Display, stop: Stop) -> None:
        self._mailbox, self._display, self._stop = mailbox, display, stop
        self.step = -1
        """The furthest one that was reported."""
        self._working = False

    def attempt(self, work: Work, crew: Crew) -> Any:
        """Start the workers and wait for their end. Raises TrainingFailedError if one fails."""
        self._working = False
        self._display.begin()
        with tempfile.TemporaryDirectory(prefix="i2l-train-") as folder:
            # Ray listens to SIGINT itself if `fit` runs in the main thread, and kills the workers.
            fit = _Fit(_trainer(work, crew, self._mailbox, folder).fit)
            try:
                while not fit.wait(_LOOK_SECONDS):
                    self._look()
            except BaseException:
                self._give_up(fit)
                raise
            if fit.error:
                self._look()
                raise fit.error
            mail = self._look()
            assert mail.ended, "process 0 says so before it returns"
            return mail.result

    def _look(self) -> Mail:
        import ray

        mail: Mail = ray.get(self._mailbox.fetch.remote(self._stop.requested))
        self._working = self._working or bool(mail.lines or mail.status)
        for line in mail.lines:
            self._display.say(line)
        if mail.status:
            self.step = max(self.step, mail.status.step)
            self._display.report(mail.status)
        elif not self._working:
            self._display.waiting()
        if self._stop.requested:
            self._display.stopping()
        return mail

    def _give_up(self, fit: _Fit) -> None:
        """End the workers before Ray's connection is closed under `fit`."""
        import ray

        ray.kill(self._mailbox)
        fit.wait(_LEAVE_SECONDS)


class _Fit:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.error: BaseException | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run, name="ray-train", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it is done, after at most so long."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as error:  # passed on by whoever waits
            self.error = error


def _trainer(work: Work, crew: Crew, mailbox: Any, folder: str) -> Any:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    return TorchTrainer(
        _member,
        train_loop_config={"work": work, "crew": crew, "mailbox": mailbox},
        torch_config=TorchConfig(
            backend="nccl" if crew.gpus else "gloo", timeout_s=_COLLECTIVE_SECONDS
        ),
        scaling_config=ScalingConfig(
            num_workers=crew.workers,
            use_gpu=crew.gpus,
            resources_per_worker={"CPU": crew.cpus} | ({"GPU": 1} if crew.gpus else {}),
        ),
        run_config=RunConfig(
            # A name that was never used, in a folder that is new: Ray finds nothing to resume.
            name=f"i2l-{uuid.uuid4().hex}",
            storage_path=folder,
            failure_config=FailureConfig(max_failures=0),  # we know better which deserve another go
        ),
    )


def _member(config: dict[str, Any]) -> None:
    """What Ray Train runs in each worker."""
    import torch
    from ray.train.torch import get_device

    crew: Crew = config["crew"]
    torch.set_num_threads(crew.threads)  # Ray allows its workers one
    device = get_device() if crew.gpus else torch.device("cpu")
    team = Distributed(device)
    if team.rank:
        config["work"](team, Silent())
        return
    monitor = RemoteMonitor(config["mailbox"])
    monitor.end(config["work"](team, monitor))
