"""One step: what is minimised, on which weights, and that two workers do what one does."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from i2l_batch.errors import UsageError
from i2l_batch.models.build import build_model
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.train.batches import collate
from i2l_batch.train.config import LossConfig, OptimizerConfig, TrainConfig
from i2l_batch.train.config_file import override
from i2l_batch.train.data import Split
from i2l_batch.train.feed import Feed, Step
from i2l_batch.train.learner import Figures, Learner
from i2l_batch.train.loss import unevenness
from i2l_batch.train.optimizer import learning_rate
from i2l_batch.train.presets import preset
from i2l_batch.train.team import Solo, Team
from tests.train.little_world import TOKENIZER, sample, samples, write_dataset
from tests.train.team_of_threads import together

STRIPS = override(
    preset("strips-tiny"),
    [
        "model.height=32",
        "model.width=128",
        "model.channels=[4,8,8,16]",
        "model.lstm_units=24",
        "batch_size=7",
        "data.bins=[2,4]",
    ],
)
COMPACT = override(preset("compact-tiny"), ["model.channels=[4,6,8,8]", "model.dim=16"])
PLAIN = OptimizerConfig(learning_rate=1e-3)
WORLD = samples(40, 6)


def built(config: TrainConfig) -> Recognizer:
    torch.manual_seed(0)
    return build_model(config.model_for(len(TOKENIZER)))


def step_of(*digits: str) -> Step:
    """A whole step in one batch; every sequence weighs the same."""
    drawn = [sample(text) for text in digits]
    weights = [1 / len(drawn) / (len(s.ids) + 1) for s in drawn]
    return Step([collate(drawn, None, weights)], len(drawn))


def gradients(config: TrainConfig, step: Step) -> dict[str, torch.Tensor]:
    """What a step sees as the gradient of each weight."""
    learner = Learner(built(config), config, Solo())
    learner.learn(step, 0, 10)
    named = learner.model.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def test_the_loss_of_a_step_by_hand() -> None:
    """Mean over the tokens of each sequence, eos counted and padding not, then over sequences."""
    config = replace(STRIPS, loss=LossConfig(l2=0.0))
    model = built(config)
    step = step_of("123", "4", "1727")
    batch = step.batches[0]
    logits, _ = model(batch.images(), batch.sizes, batch.inputs)
    p = logits.detach().double().softmax(-1).numpy()
    means = []
    for b, digits in enumerate(("123", "4", "1727")):
        ids = [*TOKENIZER.encode(list(digits)), 2]
        means.append(np.mean([-math.log(p[b, t, i]) for t, i in enumerate(ids)]))
    figures = Learner(model, config, Solo()).learn(step, 0, 10)
    assert figures.loss == pytest.approx(np.mean(means), rel=1e-5)
    assert figures.attention_loss == 0


@pytest.mark.parametrize("config", [STRIPS, COMPACT])
def test_l2_pulls_exactly_the_named_weights(config: TrainConfig) -> None:
    """Its gradient is the factor times the weight; on all others it is nothing."""
    calm = replace(config.optimizer, clip_norm=0.0, precision="fp32")
    step = step_of("123", "44")
    with_l2, without = (
        gradients(replace(config, optimizer=calm, loss=LossConfig(l2=factor)), step)
        for factor in (0.5, 0.0)
    )
    model = built(config)
    named = {id(parameter) for parameter in model.decayed()}
    for name, parameter in model.named_parameters():
        pull = 0.5 * parameter.detach() if id(parameter) in named else torch.zeros(1)
        assert torch.allclose(with_l2[name] - without[name], pull.expand_as(parameter), atol=1e-6)
    assert 0 < len(named) < len(with_l2)


def test_weight_decay_shrinks_the_named_weights_alone() -> None:
    """AdamW: a weight without gradient loses rate x decay of itself."""
    optimizer = OptimizerConfig(kind="adamw", learning_rate=0.1, weight_decay=0.5)
    model = built(COMPACT)
    learner = Learner(model, replace(COMPACT, optimizer=optimizer), Solo())
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    learner.optimizer.step()  # all gradients are zero
    named = {id(parameter) for parameter in model.decayed()}
    for name, parameter in model.named_parameters():
        factor = 0.95 if id(parameter) in named else 1.0
        assert torch.allclose(parameter, before[name] * factor)


def test_the_alpha_penalty_pushes_the_unevenness_towards_its_target() -> None:
    """With the target above the mean the gradient is the negative of that with target 0."""
    step = step_of("123", "44", "7")

    def penalised(weight: float, target: float) -> dict[str, torch.Tensor]:
        loss = LossConfig(l2=0.0, alpha_weight=weight, alpha_target=target)
        return gradients(replace(STRIPS, loss=loss), step)

    free, towards_zero, towards_all = penalised(0, 0), penalised(2, 0), penalised(2, 100)
    name = next(name for name, g in free.items() if "attention" in name and g.ndim > 1)
    push = towards_zero[name] - free[name]
    assert push.abs().max() > 1e-6
    assert torch.allclose(towards_all[name] - free[name], -push, atol=1e-6)
    model = built(STRIPS)
    batch = step.batches[0]
    attention = model(batch.images(), batch.sizes, batch.inputs)[1][-1]
    (2 * unevenness(attention, batch.targets).mean()).backward()
    assert torch.allclose(push, dict(model.named_parameters())[name].grad, atol=1e-6)  # pyright: ignore


def test_the_alpha_penalty_moves_batch_statistics_as_a_step_without_it() -> None:
    """It needs the forward pass twice."""
    step = step_of("123", "44", "7")
    found = []
    for weight in (0.0, 1e-9):
        config = replace(COMPACT, loss=LossConfig(l2=0.0, alpha_weight=weight))
        model = built(config)
        Learner(model, config, Solo()).learn(step, 0, 10)
        found.append(dict(model.named_buffers()))
    assert any("running_mean" in name for name in found[0])
    for name, buffer in found[0].items():
        assert torch.equal(found[1][name], buffer), name


def test_a_step_moves_weights_by_the_warmed_up_rate() -> None:
    """Adam's first step is the step size itself, for every weight that has a gradient."""
    config = replace(STRIPS, optimizer=replace(PLAIN, warmup_steps=4), loss=LossConfig(l2=0.0))
    model = built(config)
    before = [p.detach().clone() for p in model.parameters()]
    Learner(model, config, Solo()).learn(step_of("123"), 0, 10)
    moved = max((p - b).abs().max().item() for p, b in zip(model.parameters(), before, strict=True))
    assert moved == pytest.approx(1e-3 / 4, rel=1e-3)


def test_the_step_size_over_a_run() -> None:
    assert [learning_rate(PLAIN, step, 10) for step in (0, 5, 9)] == [1e-3] * 3
    cosine = replace(PLAIN, schedule="cosine", warmup_steps=2)
    rates = [learning_rate(cosine, step, 100) for step in (0, 1, 50, 100)]
    assert rates[0] == pytest.approx(1e-3 / 2)
    assert rates[1] == pytest.approx(1e-3, rel=1e-2)
    assert rates[2] == pytest.approx(1e-3 * 0.51)
    assert rates[3] == pytest.approx(1e-3 * 0.02)


def test_clipping_shortens_the_gradient_and_tells_its_length() -> None:
    step = step_of("123", "44")
    short = replace(STRIPS, optimizer=replace(PLAIN, clip_norm=0.01))
    found, free = gradients(short, step), gradients(replace(STRIPS, optimizer=PLAIN), step)

    def length(values: dict[str, torch.Tensor]) -> float:
        return math.sqrt(sum(g.square().sum().item() for g in values.values()))

    assert length(found) == pytest.approx(0.01, rel=1e-3)
    figures = Learner(built(short), short, Solo()).learn(step, 0, 10)
    assert figures.grad_norm == pytest.approx(length(free), rel=1e-4)


def test_a_loss_that_is_no_number_ends_the_run_and_spares_the_weights() -> None:
    model = built(STRIPS)
    learner = Learner(model, STRIPS, Solo())
    weight = next(model.parameters())
    with torch.no_grad():
        weight.fill_(float("nan"))
    others = [p.detach().clone() for p in list(model.parameters())[1:]]
    with pytest.raises(
        UsageError, match=r"the loss is nan .* at step 6: lower optimizer\.learning"
    ):
        learner.learn(step_of("1"), 5, 10)
    assert all(torch.equal(a, b) for a, b in zip(list(model.parameters())[1:], others, strict=True))


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    folder = write_dataset(tmp_path_factory.mktemp("world") / "ds", WORLD, WORLD[:3])
    return Split(folder, "train", TOKENIZER)


Run = tuple[list[Figures], dict[str, torch.Tensor]]


def learned(config: TrainConfig, split: Split, model: Recognizer, team: Team, steps: int) -> Run:
    feed = Feed(
        split,
        np.arange(len(split)),
        config,
        team.rank,
        team.size,
        em_pixels=16.0,
        max_size=(512, 1536),
    )
    learner = Learner(model, config, team)
    learner.share_weights()
    stop = 7.0 if team.rank == 0 else 0.0
    figures = [learner.learn(feed[n], n, steps, stop=stop) for n in range(steps)]
    return figures, model.state_dict()


@pytest.mark.parametrize(
    ("size", "settings"),
    [
        (2, []),
        (3, ["data.augment=true", "data.token_dropout=0.2", "loss.guide_weight=1.0"]),
        (2, ["loss.alpha_weight=0.01", "micro_pixels=10000", "optimizer.clip_norm=1"]),
        (8, ["loss.mean=tokens"]),  # one worker has never a share of the seven samples
    ],
)
def test_a_team_learns_what_one_learns_alone(split: Split, size: int, settings: list[str]) -> None:
    """The same loss curve within 1e-4 and the same weights within 1e-3, after 12 steps of 7.

    Sums in another order differ in the last bit; Adam divides by the gradient's size, so a weight
    whose gradient is near nothing may move otherwise. The step size is 1e-3.
    """
    config = override(STRIPS, settings)
    alone, weights = learned(config, split, built(config), Solo(), 12)
    models = [built(config) for _ in range(size)]
    with torch.no_grad():
        for parameter in models[1].parameters():
            parameter.add_(1)  # only process 0's weights count
    team = together(size, lambda me: learned(config, split, models[me.rank], me, 12))
    for curve, found in team:
        assert curve == team[0][0]
        for one, other in zip(alone, curve, strict=True):
            assert other.loss == pytest.approx(one.loss, rel=1e-4)
            assert other.attention_loss == pytest.approx(one.attention_loss, rel=1e-4)
            assert other.ase == pytest.approx(one.ase, rel=1e-3)
            assert other.grad_norm == pytest.approx(one.grad_norm, rel=1e-3)
            assert other.stop == 7.0
        for name, tensor in found.items():
            assert torch.equal(tensor, team[0][1][name]), name
            assert torch.allclose(tensor, weights[name], atol=1e-3), name


def test_the_layout_of_the_weights_changes_nothing() -> None:
    """With its channels last, as on a GPU, a model learns the same."""
    learned = []
    for layout in (torch.contiguous_format, torch.channels_last):
        model = built(COMPACT).to(memory_format=layout)  # pyright: ignore[reportCallIssue]
        learner = Learner(model, COMPACT, Solo())
        for _ in range(3):
            learner.learn(step_of("42", "7"), 0, 10)
        assert model.encoder.stages[1][1].conv1.weight.is_contiguous(memory_format=layout)
        learned.append(model.state_dict())
    for name, weights in learned[0].items():
        torch.testing.assert_close(learned[1][name], weights, rtol=1e-3, atol=1e-5)


def test_batch_statistics_are_those_of_process_0(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "ds", WORLD, WORLD[:3])
    split = Split(folder, "train", TOKENIZER)
    config = override(COMPACT, ["batch_size=7"])
    models = [built(config) for _ in range(2)]

    def work(me: Team) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        learned(config, split, models[me.rank], me, 3)
        learner = Learner(models[me.rank], config, me)
        before = {k: v.clone() for k, v in models[me.rank].named_buffers()}
        learner.share_statistics()
        return before, dict(models[me.rank].named_buffers())

    (first, after), (second, shared) = together(2, work)
    assert any(not torch.equal(first[name], second[name]) for name in first)
    for name, value in first.items():
        assert torch.equal(value, after[name])
        assert torch.equal(value, shared[name])
