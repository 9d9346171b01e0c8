"""Where a training run computes: in this process, or in Ray workers on CPUs or GPUs.

In: a `TrainJob` and how many workers it shall have. Out: its `Progress`. One worker or ten do the
same steps on the same batches; the run folder is the truth, and every start goes on from it. Ray is
imported only if there are workers.

Run so far: this process, on a CPU and on a GPU, and one and two CPU workers. Not run: several GPUs.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from i2l_batch.cluster import Machine, session
from i2l_batch.errors import StoreError, UsageError
from i2l_batch.lock import FolderLock
from i2l_batch.picture_reader import Device
from i2l_batch.train.config import TrainJob
from i2l_batch.train.launch.crew import share_out
from i2l_batch.train.launch.display import Display
from i2l_batch.train.launch.group import work_together
from i2l_batch.train.launch.stopping import Stop, first_signal_stops
from i2l_batch.train.loop import train
from i2l_batch.train.monitor import Monitor, Status
from i2l_batch.train.run_folder import make
from i2l_batch.train.state import Progress
from i2l_batch.train.team import Solo, Team

FAILURES_LOG = "failures.log"
"""File of the run folder with the tracebacks of workers that failed."""

_MARKER = ".driver-"

_LOCK_SECONDS = 20.0
"""Workers of a driver that was killed end within seconds; so long the next run waits for them."""


def launch(
    job: TrainJob,
    *,
    workers: int | None = None,
    gpus: bool = False,
    device: Device = "auto",
    ray_address: str | None = None,
    display: Display,
) -> Progress:
    """Train until the end, or until SIGINT or SIGTERM: then `stopped` is set in the progress.

    Args:
        workers: 0 for this process, without Ray; null for one on each GPU if there are several.
        gpus: refuse to run unless every worker has a GPU.
        ray_address: cluster to join. All its machines must see the data set and the run folder.

    Raises:
        UsageError: the machine or cluster has not what is asked for, or the loop says so.
        I2LError: another run uses the folder, or workers die again and again.
        KeyboardInterrupt: a second signal; the latest checkpoint is whole.
    """
    _check(workers, gpus, device, ray_address)
    if not job.dataset.is_dir():
        raise UsageError(f"there is no data set at {job.dataset}")
    job = replace(
        job,  # workers have another working directory
        dataset=job.dataset.absolute(),
        run=job.run.absolute(),
        start_from=job.start_from and job.start_from.absolute(),
    )
    alone: Solo | None = None
    if not ray_address:
        here = Machine(os.cpu_count() or 1, torch.cuda.device_count())
        if workers is None:
            # One GPU needs no fellow, and so no Ray, which takes half a minute to start.
            workers = here.gpus if here.gpus > 1 and device != "cpu" else 0
        crew = share_out([here], max(1, workers), gpus, device)  # refuses before Ray starts
        if workers == 0:
            alone = Solo(torch.device("cuda" if crew.gpus else "cpu"))
    make(job.run)
    with first_signal_stops() as stop:
        if alone:
            with held(job.run, display.say):
                return train(job, alone, OnScreen(display, stop))
        with session(ray_address) as machines, _marked(job.run) as marker:
            crew = share_out(machines, workers, gpus, device)
            display.say(str(crew))
            work = Work(job, marker)
            log = job.run / FAILURES_LOG
            return work_together(work, crew, display, stop, failures_log=log)


def _check(workers: int | None, gpus: bool, device: Device, ray_address: str | None) -> None:
    if workers is not None and workers < 0:
        raise UsageError(f"--workers {workers}: use 0 to train in this process, or more")
    if gpus and device == "cpu":
        raise UsageError("--gpus and --device cpu contradict each other")
    if ray_address and workers == 0:
        raise UsageError("--ray-address needs workers: use --workers 1 or more")


@dataclass(frozen=True, slots=True)
class OnScreen:
    """The monitor of a run in this process."""

    display: Display
    stop: Stop

    def report(self, status: Status) -> None:
        """Show it."""
        self.display.report(status)

    def say(self, text: str) -> None:
        """Show it above the live line."""
        self.display.say(text)

    def stop_requested(self) -> bool:
        """Whether a signal came."""
        if self.stop.requested:
            self.display.stopping()
        return self.stop.requested


@dataclass(frozen=True, slots=True)
class Work:
    """What each Ray worker does."""

    job: TrainJob
    marker: Path
    """A file that the driver has put into the run folder."""

    def __call__(self, team: Team, monitor: Monitor) -> Progress:
        """Train as a member of the team; process 0 holds the run folder meanwhile.

        Raises:
            UsageError: this machine does not see the data set or the run folder.
        """
        missing = [path for path in (self.job.dataset, self.marker.parent) if not path.is_dir()]
        if not missing and not self.marker.exists():
            missing = [self.marker.parent]  # there is one, but it is another
        if missing:
            raise UsageError(
                f"worker {team.rank} on {socket.gethostname()} does not see {missing[0]}: data set "
                "and run folder must lie on storage that all machines share"
            )
        if team.rank:
            return train(self.job, team, monitor)
        with held(self.job.run, monitor.say):
            for other in set(self.job.run.glob(f"{_MARKER}*")) - {self.marker}:
                other.unlink(missing_ok=True)  # of a driver that was killed
            return train(self.job, team, monitor)


@contextmanager
def _marked(run: Path) -> Iterator[Path]:
    """A file in the folder by which other machines know that it is the same."""
    marker = run / f"{_MARKER}{uuid.uuid4().hex}"
    marker.touch()
    try:
        yield marker
    finally:
        marker.unlink(missing_ok=True)


@contextmanager
def held(
    run: Path, say: Callable[[str], None], *, patience: float = _LOCK_SECONDS
) -> Iterator[None]:
    """Keep other runs out of the folder. Workers that a killed driver left behind are waited for.

    Raises:
        StoreError: another run has it, and does not end within `patience` seconds.
    """
    deadline = time.monotonic() + patience
    while isinstance(lock := _try_lock(run), StoreError):
        if time.monotonic() >= deadline:
            raise lock
        say(str(lock))
        time.sleep(patience / 4)
    try:
        yield
    finally:
        lock.release()


def _try_lock(run: Path) -> FolderLock | StoreError:
    try:
        return FolderLock(run)
    except StoreError as error:
        return error
