"""Workers and cores are shared out so that nothing waits for ever."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from i2l_batch.batches import ON_CPU, ON_GPU
from i2l_batch.cluster import Machine, Plan, connected, plan
from i2l_batch.config import TranscribeConfig
from i2l_batch.errors import UsageError
from i2l_batch.probe import check_answer
from i2l_batch.scratch import new_folder, remove_abandoned


def demand(plan: Plan) -> tuple[float, float]:
    """CPUs and GPUs that all workers together ask for."""
    cpus = plan.readers * plan.reader_cpus + plan.extractors * plan.extract_cpus
    return cpus, plan.readers * plan.reader_gpus


@pytest.mark.parametrize("cpus", [1, 2, 3, 4, 6, 16, 64])
@pytest.mark.parametrize("gpus", [0, 1, 8])
@pytest.mark.parametrize(
    "options",
    [{}, {"workers": 1}, {"workers": 40}, {"device": "cpu"}, {"models_per_gpu": 7}],
)
def test_a_machine_bears_its_plan(cpus: int, gpus: int, options: dict[str, Any]) -> None:
    found = plan(TranscribeConfig(**options), [Machine(cpus, gpus)])
    asked_cpus, asked_gpus = demand(found)
    assert asked_cpus <= cpus + 1e-9
    assert asked_gpus <= gpus
    assert found.readers >= 1
    assert found.extractors >= 1
    assert found.reader_cpus > 0.01 or options == {"models_per_gpu": 7}
    assert found.reader_cpus >= 0.0001  # the least that Ray can tell from nothing
    assert found.extract_cpus > 0.01 or options == {"workers": 40}
    assert found.extract_cpus >= 0.0001
    assert found.reader_threads * (found.readers if not found.reader_gpus else 1) <= max(cpus, 1)
    on_gpus = found.reader_gpus > 0
    assert found.batch == (ON_GPU if on_gpus else ON_CPU)
    assert found.readers == (gpus * options.get("models_per_gpu", 1) if on_gpus else cpus)


@pytest.mark.parametrize(
    ("cpus", "gpus", "readers", "threads", "extractors"),
    [
        (1, 0, 1, 1, 1),
        (2, 0, 2, 1, 2),
        (3, 0, 3, 1, 3),
        (16, 0, 16, 1, 16),
        (1, 1, 1, 1, 1),
        (16, 1, 1, 16, 15),
        (16, 8, 8, 2, 8),
    ],
)
def test_the_table(cpus: int, gpus: int, readers: int, threads: int, extractors: int) -> None:
    found = plan(TranscribeConfig(), [Machine(cpus, gpus)])
    assert (found.readers, found.reader_threads, found.extractors) == (readers, threads, extractors)
    assert found.reader_gpus == (1 if gpus else 0)


@pytest.mark.parametrize(
    ("gigabytes", "readers", "threads"), [(0.5, 1, 8), (2, 1, 8), (5, 4, 2), (9, 7, 1), (99, 8, 1)]
)
def test_models_share_cores_where_memory_is_scarce(
    gigabytes: float, readers: int, threads: int
) -> None:
    found = plan(TranscribeConfig(), [Machine(8, memory=gigabytes * 1e9)])
    assert (found.readers, found.reader_threads) == (readers, threads)
    assert demand(found)[0] <= 8


def test_no_model_asks_for_more_than_one_machine_has() -> None:
    machines = [Machine(2, memory=2e9), Machine(2, memory=2e9), Machine(3), Machine(16)]
    found = plan(TranscribeConfig(), machines)
    assert found.readers == 1 + 1 + 3 + 16
    assert found.reader_cpus <= 2
    assert demand(found)[0] <= 23


def test_models_have_their_machines() -> None:
    machines = [Machine(2, node="a"), Machine(4, 2, node="b"), Machine(8, 4, node="c")]
    assert plan(TranscribeConfig(), machines).homes == ("b", "c", "b", "c", "c", "c")
    assert plan(TranscribeConfig(gpus=3), machines).homes == ("b", "c", "b")
    pairs = plan(TranscribeConfig(gpus=3, models_per_gpu=2), machines)
    assert (pairs.homes, pairs.reader_gpus) == (("b", "c", "b") * 2, 0.5)
    small = [Machine(2, memory=2e9, node="a"), Machine(3, node="b")]
    assert plan(TranscribeConfig(), small).homes == ("a", "b", "b", "b")


def test_options_choose_the_workers() -> None:
    machines = [Machine(8, 2), Machine(8, 2)]
    assert plan(TranscribeConfig(gpus=3), machines).readers == 3
    assert plan(TranscribeConfig(device="cpu"), machines).reader_gpus == 0
    assert plan(TranscribeConfig(workers=5), machines).extractors == 5
    assert plan(TranscribeConfig(batch_size=5), machines).batch == ON_GPU._replace(pictures=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "cuda"}, "--device cuda: Ray finds no GPU here; use --device cpu or auto"),
        ({"gpus": 2}, "--gpus 2: Ray finds 0 here"),
        ({"gpus": 2, "device": "cpu"}, "--gpus 2 and --device cpu contradict each other"),
    ],
)
def test_what_is_not_there_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(TranscribeConfig(**options), [Machine(4)])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "nothing answers within 0.3 s"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers there is something else"),
    ],
)
def test_an_address_where_something_else_answers(answer: bytes, reason: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(ConnectionError):
                connection.sendall(answer)
                while connection.recv(1000):  # until the other side leaves
                    pass

        thread = Thread(target=serve)
        thread.start()
        with pytest.raises(OSError, match=reason):
            check_answer(f"127.0.0.1:{server.getsockname()[1]}", seconds=0.3)
        thread.join()


def test_a_ray_that_runs_is_used_and_left_running(cluster: str) -> None:
    import ray

    with connected(TranscribeConfig()) as found:
        assert demand(found)[0] <= 1
    assert ray.get_runtime_context().gcs_address == cluster


def test_only_folders_that_nobody_holds_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process id in the name says nothing: it may be counted in another container."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    folder, lock = new_folder()
    in_use = Path(folder).rename(tmp_path / "i2l-999999999-used")
    (tmp_path / "i2l-1-abandoned" / "session").mkdir(parents=True)
    (tmp_path / "i2l-1-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    other, other_lock = new_folder()
    remove_abandoned()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {in_use.name, Path(other).name, "i2l-1-link", "elsewhere"}
    assert not list((tmp_path / "elsewhere").iterdir())
    lock.release()
    other_lock.release()
