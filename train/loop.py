"""The training loop, in one process: read, learn, validate, checkpoint, go on where it stopped.

In: a data set folder and a `TrainConfig`. Out: a run folder with `best/` (the checkpoint of the
best BLEU of free-running output on held-out samples, among those validated on the longest formulas
so far), `latest/` (to resume from), `config.json` and `metrics.jsonl`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from i2l_batch.errors import UsageError
from i2l_batch.metrics import score
from i2l_batch.models.beam_search import BeamConfig, beam_search
from i2l_batch.models.checkpoint import save_checkpoint
from i2l_batch.models.compact import Compact
from i2l_batch.models.config import CompactConfig
from i2l_batch.models.stepper import ModelStepper
from i2l_batch.models.tokenizer import BOS, EOS, Tokenizer
from i2l_batch.train.batches import (
    Batch,
    Sample,
    collate,
    cut_batches,
    epochs,
    read_samples,
    read_vocabulary,
)
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.loss import attention_loss, drop_tokens, token_loss
from i2l_batch.train.state import Progress, restore_state, save_state


def train(
    dataset: Path,
    run: Path,
    config: TrainConfig,
    *,
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> Progress:
    """Train until `max_minutes` of training are spent; the same call again resumes.

    Raises:
        UsageError: the data set is unfinished or too small, or the run is of another one.
    """
    tokenizer = read_vocabulary(dataset)
    samples = read_samples(dataset, tokenizer)
    held, learned = samples[: config.validate_samples], samples[config.validate_samples :]
    if not learned:
        raise UsageError(
            f"{dataset} has {len(samples)} samples and validation takes {config.validate_samples}: "
            "lower validate_samples"
        )
    torch.manual_seed(config.seed)
    model = Compact(CompactConfig(vocab_size=len(tokenizer))).to(device)
    if config.end_tokens >= model.config.max_tokens:
        raise UsageError(
            f"end_tokens {config.end_tokens} is too long: the model takes at most "
            f"{model.config.max_tokens - 1} tokens"
        )
    trainer = Trainer(model, tokenizer, config, run)  # refuses the run of another data set
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.json").write_text(json.dumps(asdict(config), indent=1), "utf-8")
    say(
        f"{len(learned)} samples, {len(tokenizer)} tokens, {model.num_parameters} parameters, "
        f"from step {trainer.progress.step}"
    )
    trainer.fit(learned, held, say)
    return trainer.progress


class Trainer:
    """Model, optimizer and counters of a run."""

    def __init__(
        self, model: Compact, tokenizer: Tokenizer, config: TrainConfig, run: Path
    ) -> None:
        self.model, self.tokenizer, self.config, self.run = model, tokenizer, config, run
        decayed = [p for p in model.parameters() if p.ndim > 1]
        plain = [p for p in model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
        )
        self.progress = restore_state(run / "latest", model, tokenizer, self.optimizer)

    @property
    def share(self) -> float:
        """Progress of the run between 0 and 1."""
        return min(self.progress.seconds / (60 * self.config.max_minutes), 1.0)

    def fit(self, learned: list[Sample], held: list[Sample], say: Callable[[str], None]) -> None:
        """Learn until the time is spent; validate now and then, and at the end."""
        config = self.config
        lengths = np.array([len(s.ids) for s in learned])
        generator = torch.Generator().manual_seed(config.seed + self.progress.step)
        rng = np.random.default_rng(config.seed + self.progress.step)
        validated = self.progress.seconds
        while self.share < 1:
            limit = max(config.limit_tokens(self.share), lengths.min())
            members = np.flatnonzero(lengths <= limit)
            # A part of the members at a time: the limit grows within what would be an epoch.
            members = rng.permutation(members)[:8000]
            limits = {"batch_pixels": config.batch_pixels, "batch_size": config.batch_size}
            totals = np.zeros(2)
            start, count, images = time.monotonic(), 0, 0
            for batch in epochs(learned, members.tolist(), rng, **limits):
                began = time.monotonic()
                totals += self.learn(batch, generator)
                self.progress.seconds += time.monotonic() - began
                count += 1
                images += len(batch.images)
                if self.share >= 1:
                    break
            self._log(totals / max(count, 1), images / (time.monotonic() - start), say)
            if self.progress.seconds - validated >= 60 * config.validate_minutes:
                validated = self.progress.seconds
                self.validate(held, say)
        self.validate(held, say)

    def learn(self, batch: Batch, generator: torch.Generator) -> np.ndarray:
        """One step; returns the token loss and the attention loss."""
        config, progress = self.config, self.progress
        rate = min(1.0, (progress.step + 1) / config.warmup_steps)
        rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * self.share))
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * rate
        self.model.train()
        device = self.model.device
        inputs = drop_tokens(batch.inputs, config.token_dropout, generator).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            logits, attention = self.model(batch.images.to(device), batch.sizes.to(device), inputs)
        loss = token_loss(logits, batch.targets.to(device), config.label_smoothing)
        # The first layer has not seen the picture yet when it asks; the others know where they are.
        guide = attention_loss(attention[1:], batch.places.to(device))
        self.optimizer.zero_grad()
        (loss + config.attention_weight * guide).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_norm)
        self.optimizer.step()
        progress.step += 1
        progress.images += len(batch.images)
        return np.array([loss.item(), guide.item()])

    def validate(self, held: list[Sample], say: Callable[[str], None]) -> None:
        """Free-running BLEU on held-out samples of the present length; write checkpoints."""
        limit = self.config.limit_tokens(self.share)
        chosen = [s for s in held if len(s.ids) <= limit]
        predictions, truths = greedy(self.model, chosen, self.tokenizer)
        scores = score(predictions, truths)
        self._record({"validation": asdict(scores), "limit_tokens": limit}, say)
        # Later validations are on longer formulas: an early, easy one must not beat the latest.
        progress = self.progress
        if (limit, scores.bleu) >= (progress.best_limit, progress.best_bleu):
            save_checkpoint(self.run / "best", self.model, self.tokenizer)
            progress.best_limit, progress.best_bleu = limit, scores.bleu
        save_state(self.run / "latest", self.model, self.tokenizer, self.optimizer, self.progress)

    def _log(self, losses: np.ndarray, speed: float, say: Callable[[str], None]) -> None:
        self._record(
            {
                "step": self.progress.step,
                "minutes": round(self.progress.seconds / 60, 2),
                "images": self.progress.images,
                "limit_tokens": self.config.limit_tokens(self.share),
                "loss": round(float(losses[0]), 4),
                "attention_loss": round(float(losses[1]), 4),
                "images_per_second": round(speed, 1),
            },
            say,
        )

    def _record(self, values: dict[str, object], say: Callable[[str], None]) -> None:
        line = json.dumps(values)
        with (self.run / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        say(line)


@torch.inference_mode()
def greedy(
    model: Compact, samples: list[Sample], tokenizer: Tokenizer
) -> tuple[list[list[str]], list[list[str]]]:
    """Free-running greedy output of samples, and their truths, as tokens."""
    model.eval()
    order = cut_batches(
        samples, range(len(samples)), np.random.default_rng(0), batch_pixels=400_000, batch_size=64
    )
    predictions: list[list[str]] = [[] for _ in samples]
    for members in order:
        batch = collate([samples[i] for i in members], None)
        memory = model.encode(batch.images.to(model.device), batch.sizes.to(model.device))
        length = min(2 * batch.targets.shape[1], model.config.max_tokens)
        search = BeamConfig(bos=BOS, eos=EOS, beam_size=1, max_length=length)
        stepper = ModelStepper(model, memory, beam_size=1)
        found = beam_search(stepper, len(members), search, model.device)
        for i, hypotheses in zip(members, found, strict=True):
            predictions[i] = tokenizer.decode(hypotheses[0].tokens).split()
    return predictions, [tokenizer.decode(s.ids.tolist()).split() for s in samples]
