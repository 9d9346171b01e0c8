"""One optimizer step: forward and backward over this worker's pieces, one sum over all, one update.

In: a model and `Step`s. Out: a changed model and the step's figures, equal in all workers. Knows no
files, and not how often it is called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from i2l_batch.errors import UsageError
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.train.batches import Batch
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.exchange import Exchange
from i2l_batch.train.feed import Step
from i2l_batch.train.loss import guide_loss, token_loss, touched, unevenness
from i2l_batch.train.optimizer import add_l2, clip, learning_rate, make_optimizer
from i2l_batch.train.precision import in_16_bits
from i2l_batch.train.team import Team


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What a step gave, over all workers."""

    loss: float
    """Cross-entropy in nats per token, averaged as configured; no other loss is in it."""
    attention_loss: float
    """The guiding loss, before its factor; 0 when it is off."""
    ase: float
    """Mean unevenness of the attention (ASE_N), in percent."""
    grad_norm: float
    """Length of the gradient before it was clipped."""
    stop: float
    """What process 0 said about stopping after this step."""


class Learner:
    """A model and its optimizer, the same in every worker."""

    def __init__(self, model: Recognizer, config: TrainConfig, team: Team) -> None:
        self.model, self.config, self.team = model, config, team
        self.optimizer = make_optimizer(model, config.optimizer)
        self._decayed = model.decayed()
        self._in_16_bits = in_16_bits(config.optimizer.precision, team.device)
        self._exchange = Exchange(model, 4, team)

    def share_weights(self) -> None:
        """Give all workers the weights and batch statistics of process 0."""
        for tensor in self.model.state_dict().values():
            self.team.broadcast(tensor)

    def share_statistics(self) -> None:
        """Give all workers the batch statistics of process 0; each had its own batches."""
        for buffer in self.model.buffers():
            self.team.broadcast(buffer)

    def learn(self, step: Step, number: int, total_steps: int, *, stop: float = 0.0) -> Figures:
        """Do the 0-based step `number`. All workers must call it; only process 0 gives a `stop`.

        Raises:
            UsageError: the loss or the gradient is not finite; the weights are as they were.
        """
        self.model.train()
        penalty = self._penalty_sign(step)
        self._exchange.clear()
        figures = self._exchange.figures
        for batch in step.batches:
            parts, loss = self._losses(batch.to(self.team.device), step.num_samples, penalty)
            loss.backward()
            figures[:3] += parts
        figures[3] = stop
        loss, attention_loss, ase, stops = self._exchange.sum()
        add_l2(self._decayed, self.config.loss.l2)
        norm = clip(self.model, self.config.optimizer.clip_norm)
        if not math.isfinite(loss + norm):
            raise UsageError(
                f"the loss is {loss:g} and the gradient's length {norm:g} at step {number + 1}: "
                "lower optimizer.learning_rate or set optimizer.clip_norm, in a new run folder"
            )
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.config.optimizer, number, total_steps)
        self.optimizer.step()
        return Figures(
            loss=loss, attention_loss=attention_loss, ase=ase, grad_norm=norm, stop=stops
        )

    def _losses(self, batch: Batch, num_samples: int, penalty: float) -> tuple[Tensor, Tensor]:
        """A piece's part of the step's figures (3,), and of what is minimised."""
        config = self.config.loss
        places = self.model.places(batch.sizes) if config.guide_weight else None
        logits, attention = self._forward(batch)
        loss = token_loss(logits, batch.targets, batch.weights, config.label_smoothing)
        ase = unevenness(attention[-1], batch.targets).sum() / num_samples
        guide = torch.zeros((), device=self.team.device)
        total = loss
        if config.alpha_weight:  # else the backward pass would go through it for nothing
            total = total + config.alpha_weight * penalty * ase
        if places is not None:
            inside = touched(batch.boxes, places)
            # The first of several layers has not seen the picture yet when it asks; the others
            # know where they are.
            guide = guide_loss(attention[1:] or attention, inside, batch.weights)
            total = total + config.guide_weight * guide
        return torch.stack([loss, guide, ase]).detach(), total

    def _forward(self, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        with torch.autocast(self.team.device.type, torch.bfloat16, enabled=self._in_16_bits):
            return self.model(batch.images(), batch.sizes, batch.inputs)

    def _penalty_sign(self, step: Step) -> float:
        """Derivative of |mean ASE_N - target| by that mean, over all workers.

        The mean is known after the forward passes of all pieces only, so they are done once more.
        """
        config = self.config.loss
        if not config.alpha_weight:
            return 0.0
        if not config.alpha_target:
            return 1.0
        mean = torch.zeros(1, device=self.team.device)
        buffers = [buffer.clone() for buffer in self.model.buffers()]
        with torch.no_grad():
            for batch in (piece.to(self.team.device) for piece in step.batches):
                attention = self._forward(batch)[1][-1]
                mean += unevenness(attention, batch.targets).sum() / step.num_samples
            for buffer, before in zip(self.model.buffers(), buffers, strict=True):
                buffer.copy_(before)  # batch statistics move once per step
        self.team.sum(mean)
        return math.copysign(1.0, mean.item() - config.alpha_target)
