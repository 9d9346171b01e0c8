"""The state of a run: whole after every interruption, and exact."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from i2l_batch.errors import CheckpointError, UsageError
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.compact import Compact
from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.train.state import Progress, restore_state, save_state
from tests.models.tiny_model import tiny_model

TOKENIZER = Tokenizer.from_tokens("abcdefg")
FILES = {
    "model.safetensors",
    "config.json",
    "vocab.json",
    "optimizer.safetensors",
    "progress.json",
}


def optimizer_of(model: Compact) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=0.01)


def learn(model: Compact, optimizer: torch.optim.Optimizer, steps: int = 3) -> None:
    """Some steps towards nothing in particular."""
    model.train()
    for _ in range(steps):
        logits, _ = model(torch.ones(2, 16, 16), torch.full((2, 2), 16), torch.ones(2, 3).long())
        optimizer.zero_grad()
        logits.square().mean().backward()
        optimizer.step()


def save(folder: Path, seed: int, step: int) -> tuple[Compact, torch.optim.Optimizer]:
    model = tiny_model(seed)
    optimizer = optimizer_of(model)
    learn(model, optimizer)
    save_state(folder, model, TOKENIZER, optimizer, Progress(step=step, seconds=1.5, images=6))
    return model, optimizer


def restore(folder: Path) -> tuple[Compact, torch.optim.Optimizer, Progress]:
    model = tiny_model(99)
    optimizer = optimizer_of(model)
    return model, optimizer, restore_state(folder, model, TOKENIZER, optimizer)


def test_a_run_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    """Weights, batch statistics and the optimizer's memory come back bit by bit."""
    model, optimizer = save(tmp_path / "latest", 0, step=3)
    again, its_optimizer, progress = restore(tmp_path / "latest")
    assert progress == Progress(step=3, seconds=1.5, images=6)
    for one, other in ((model, optimizer), (again, its_optimizer)):
        learn(one, other)
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_the_folder_is_a_checkpoint_too(tmp_path: Path) -> None:
    model, _ = save(tmp_path / "latest", 0, step=3)
    assert {path.name for path in (tmp_path / "latest").iterdir()} == FILES
    loaded, tokenizer = load_checkpoint(tmp_path / "latest")
    assert loaded.config == model.config
    assert tokenizer.vocabulary == TOKENIZER.vocabulary


def test_nothing_to_restore_is_a_new_run(tmp_path: Path) -> None:
    model, _, progress = restore(tmp_path / "latest")
    assert progress == Progress()
    assert torch.equal(model.decoder.positions, tiny_model(99).decoder.positions)


def test_saving_again_leaves_one_state(tmp_path: Path) -> None:
    save(tmp_path / "latest", 0, step=3)
    save(tmp_path / "latest", 1, step=4)
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]
    assert restore(tmp_path / "latest")[2].step == 4


def test_dead_while_writing(tmp_path: Path) -> None:
    """The new state is half there beside the old one."""
    save(tmp_path / "latest", 0, step=3)
    shutil.copytree(tmp_path / "latest", tmp_path / ".latest.new")
    (tmp_path / ".latest.new" / "progress.json").unlink()
    (tmp_path / ".latest.new" / "model.safetensors").write_bytes(b"half")
    assert restore(tmp_path / "latest")[2].step == 3
    save(tmp_path / "latest", 1, step=4)
    assert restore(tmp_path / "latest")[2].step == 4


def test_dead_between_the_two_renames(tmp_path: Path) -> None:
    """The old state is under its passing name, and stays safe through the next save."""
    save(tmp_path / "latest", 0, step=3)
    (tmp_path / "latest").rename(tmp_path / ".latest.old")
    assert restore(tmp_path / "latest")[2].step == 3
    (tmp_path / "latest").rename(tmp_path / ".latest.old")
    save(tmp_path / "latest", 1, step=4)
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]
    assert restore(tmp_path / "latest")[2].step == 4


def test_dead_before_the_old_state_was_removed(tmp_path: Path) -> None:
    save(tmp_path / "latest", 1, step=4)
    shutil.copytree(tmp_path / "latest", tmp_path / ".latest.old")
    (tmp_path / ".latest.old" / "progress.json").unlink()
    assert restore(tmp_path / "latest")[2].step == 4
    save(tmp_path / "latest", 2, step=5)
    assert restore(tmp_path / "latest")[2].step == 5


def test_a_run_on_another_vocabulary_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "latest", 0, step=3)
    model = tiny_model()
    other = Tokenizer.from_tokens("tuvwxyz")
    with pytest.raises(UsageError, match="trained on another data set or model"):
        restore_state(tmp_path / "latest", model, other, optimizer_of(model))


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_damaged_state_is_refused(tmp_path: Path, name: str) -> None:
    save(tmp_path / "latest", 0, step=3)
    (tmp_path / "latest" / name).write_bytes(b"[]")
    with pytest.raises(CheckpointError):
        restore(tmp_path / "latest")
