"""What tests of the pipeline share: a tiny checkpoint, one Ray, papers to read."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

# Of this process and all that it starts, before torch is loaded. Tests run beside each other, and a
# thread of OpenMP that waits for another takes a core from it: 32 steps of training took 33 s with
# two threads on two cores that others use, and 6 s with one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

LONGEST = (
    "faults/test_kills.py",
    "train/launch/test_run.py",
    "test_cli.py",
    "train/dataset/test_build.py",
    "train/dataset/test_render.py",
    "cluster/test_machines.py",
    "hostile/test_transcribe.py",
)
"""Files that take half a minute or more, longest first."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among processes that share the files out, the longest begin, and the short ones even out
    when each ends. In one process the order is that of the names."""
    ranks = {f"tests/{name}": rank for rank, name in enumerate(LONGEST)}
    assert all((ROOT / name).exists() for name in ranks), "a file of LONGEST has another name now"
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(ranks)))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with random weights: nonsense, but another one for another picture."""
    import torch

    from i2l_batch.models.checkpoint import save_checkpoint
    from i2l_batch.models.compact import Compact
    from i2l_batch.models.config import CompactConfig
    from i2l_batch.models.tokenizer import Tokenizer
    from tests.models.tiny_model import vary_statistics

    tokenizer = Tokenizer.from_tokens([*"abcdexyz0123=+-()", r"\alpha"])
    torch.manual_seed(1)
    model = Compact(
        CompactConfig(
            vocab_size=len(tokenizer),
            channels=(4, 4, 8, 8),
            dim=16,
            num_heads=2,
            num_layers=1,
            ff_dim=16,
            max_tokens=16,
        )
    )
    vary_statistics(model)
    with torch.no_grad():
        for name, weights in model.decoder.named_parameters():
            if "cross" in name or "output" in name:  # so that what it sees matters
                weights.mul_(8)
    folder = tmp_path_factory.mktemp("checkpoint") / "tiny"
    save_checkpoint(folder, model, tokenizer)
    return folder


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a Ray with one core, in this process: the pipeline uses it as it is."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Workers have the environment of now; the object store of the tests takes any keys.
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    import ray

    folder = tempfile.mkdtemp(prefix="i2l-t-", dir="/tmp")
    ray.init(
        address="local",
        num_cpus=1,
        num_gpus=0,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=200 << 20,
        _temp_dir=folder,
    )
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def examples(tmp_path: Path) -> list[str]:
    """Copies of the example papers and formulas."""
    for name in ("papers", "formulas"):
        shutil.copytree(EXAMPLES / name, tmp_path / "in" / name)
    return [str(tmp_path / "in" / "papers"), str(tmp_path / "in" / "formulas")]
