"""Reports reach the driver, the wish to stop reaches the worker, and steps are not held up."""

from __future__ import annotations

from typing import Any

import pytest

from i2l_batch.train.launch.mailbox import Mailbox, RemoteMonitor
from i2l_batch.train.monitor import Silent, Status
from tests.processes import wait_until


def status(step: int) -> Status:
    return Status(
        step=step, total_steps=9, epoch=1.0, loss=1.0, images_per_second=1.0, bleu=None, seconds=1.0
    )


def test_mail_is_read_once() -> None:
    mailbox = Mailbox()
    assert not mailbox.post(status(1))
    mailbox.post(status(2))
    mailbox.post(None)
    mailbox.say("a")
    mailbox.say("b")
    mail = mailbox.fetch(stop=True)
    assert (mail.status, mail.lines, mail.ended) == (status(2), ["a", "b"], False)
    assert mailbox.post(None)
    mailbox.end("result")
    mail = mailbox.fetch(stop=False)
    assert (mail.status, mail.lines, mail.ended, mail.result) == (None, [], True, "result")
    assert not mailbox.post(None)


def test_nobody_listens_to_the_others() -> None:
    monitor = Silent()
    monitor.report(status(1))
    monitor.say("x")
    assert not monitor.stop_requested()


@pytest.mark.usefixtures("cluster")
def test_a_worker_writes_and_hears() -> None:
    import ray
    from ray.exceptions import RayActorError

    mailbox: Any = ray.remote(num_cpus=0)(Mailbox).remote()
    monitor = RemoteMonitor(mailbox)
    monitor.say("from step 0")
    monitor.report(status(1))
    assert not monitor.stop_requested()
    mail: Any = ray.get(mailbox.fetch.remote(True))
    assert mail.lines == ["from step 0"]
    wait_until(monitor.stop_requested)
    for step in range(2, 10_001):  # all within a second: most of them must not be sent
        monitor.report(status(step))
        monitor.stop_requested()
    monitor.end("result")
    mail = ray.get(mailbox.fetch.remote(False))
    assert mail.status.step == 10_000, "the last one arrives whenever it comes"
    assert mail.result == "result"
    ray.kill(mailbox)
    monitor = RemoteMonitor(mailbox)
    with pytest.raises(RayActorError):  # the driver has given up: so does the worker
        wait_until(monitor.stop_requested)
