"""The state of a run: whole after every interruption, and exact."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from i2l_batch.errors import CheckpointError, StoreError, UsageError
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.compact import Compact
from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.train.state import Progress, recover, restore_state, save_best, save_state
from i2l_batch.train.tensor_file import read_tensors, write_tensors
from tests.full_disk import room_for
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
    recover(folder)
    progress = restore_state(folder, model, TOKENIZER, optimizer)
    assert progress is not None
    return model, optimizer, progress


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
    model = tiny_model(99)
    assert restore_state(tmp_path / "latest", model, TOKENIZER, optimizer_of(model)) is None
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


@pytest.mark.parametrize("name", sorted(FILES - {"model.safetensors"}))  # not read to go on
def test_a_damaged_state_is_refused(tmp_path: Path, name: str) -> None:
    save(tmp_path / "latest", 0, step=3)
    (tmp_path / "latest" / name).write_bytes(b"[]")
    with pytest.raises(CheckpointError, match=f"{tmp_path}/latest/{name} is damaged"):
        restore(tmp_path / "latest")
    (tmp_path / "latest" / name).unlink()
    with pytest.raises(CheckpointError, match=f"{tmp_path}/latest/{name} is missing"):
        restore(tmp_path / "latest")


def test_what_cannot_be_written_leaves_the_old_state_and_nothing_else(tmp_path: Path) -> None:
    model, optimizer = save(tmp_path / "latest", 0, step=3)
    full = pytest.raises(StoreError, match=r"cannot write .*: File too large; make room")
    with room_for(10_000), full:
        save_state(tmp_path / "latest", model, TOKENIZER, optimizer, Progress(step=4))
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]
    assert restore(tmp_path / "latest")[2].step == 3
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=f"cannot write {tmp_path}/file/best: "):
        save_best(tmp_path / "file" / "best", model, TOKENIZER)


def test_a_run_that_was_stopped_is_not_stopped_when_it_goes_on(tmp_path: Path) -> None:
    model = tiny_model()
    progress = Progress(step=3, stopped=True, unlogged=[1.5, 0.0], bleu=0.25)
    save_state(tmp_path / "latest", model, TOKENIZER, optimizer_of(model), progress)
    found = restore(tmp_path / "latest")[2]
    assert found == Progress(step=3, stopped=False, unlogged=[1.5, 0.0], bleu=0.25)


def test_best_is_replaced_as_a_whole(tmp_path: Path) -> None:
    for seed in range(2):
        save_best(tmp_path / "best", tiny_model(seed), TOKENIZER)
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    loaded, _ = load_checkpoint(tmp_path / "best")
    for name, parameter in loaded.named_parameters():
        wanted = dict(tiny_model(1).named_parameters())[name].half().float()
        assert torch.equal(parameter, wanted)


def test_the_tensor_file_is_a_safetensors_file(tmp_path: Path) -> None:
    """What the library itself reads, of every type and shape there is; also of views."""
    tensors = {
        "matrix": torch.randn(5, 3).T,
        "half": torch.randn(3).half(),
        "count": torch.tensor(7),
        "none": torch.zeros(0, 4),
    }
    path = tmp_path / "some.safetensors"
    write_tensors(path, tensors)
    found = load_file(path)
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    with read_tensors(path) as file:
        assert torch.equal(file.get_tensor("matrix"), tensors["matrix"])
