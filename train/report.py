"""What a run says of itself while it works: counters, rows of the metrics, lines for people.

In: the figures of each step and the scores of each validation. Out: an up-to-date `Progress`, rows
in the `Logbook`, a `Status` for the monitor. Knows nothing of models and workers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from i2l_batch.metrics import Scores
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.learner import Figures
from i2l_batch.train.logbook import Logbook
from i2l_batch.train.monitor import Monitor, Status
from i2l_batch.train.optimizer import learning_rate
from i2l_batch.train.state import Progress


@dataclass(frozen=True, slots=True)
class Report:
    """The telling side of a run in one process."""

    config: TrainConfig
    progress: Progress
    epoch_steps: int
    logbook: Logbook | None
    """Only process 0 has one."""
    monitor: Monitor

    def step(self, figures: Figures, images: int, seconds: float) -> None:
        """Note a step: in the counters and on the screen always, in the metrics now and then."""
        progress, config = self.progress, self.config
        progress.step += 1
        progress.images += images
        progress.seconds += seconds
        losses = [figures.loss, figures.attention_loss, figures.ase, figures.grad_norm]
        sums = np.array([1, *losses, images, seconds]) + (progress.unlogged or 0)
        progress.unlogged = sums.tolist()
        loss, attention_loss, ase, grad_norm = (sums[1:5] / sums[0]).tolist()
        speed = float(sums[5] / sums[6])
        self.monitor.report(
            Status(
                step=progress.step,
                total_steps=progress.total_steps,
                epoch=progress.step / self.epoch_steps,
                loss=loss,
                images_per_second=speed,
                bleu=progress.bleu,
                seconds=progress.seconds,
            )
        )
        if progress.step % config.log_steps and progress.step < progress.total_steps:
            return
        progress.unlogged = []
        rate = learning_rate(config.optimizer, progress.step - 1, progress.total_steps)
        self._write(
            "training",
            {
                "learning_rate": rate,
                "loss": loss,
                "attention_loss": attention_loss,
                "ase": ase,
                "grad_norm": grad_norm,
                "images_per_second": speed,
            },
        )

    def validation(self, scores: Scores) -> bool:
        """Note the scores of the present weights; returns whether they are the best so far."""
        progress = self.progress
        progress.validated, progress.bleu = progress.step, scores.bleu
        best = scores.bleu > progress.best_bleu
        if best:
            progress.best_step, progress.best_bleu = progress.step, scores.bleu
        values = asdict(scores)
        del values["num_formulas"]
        self._write("validation", values)
        self.monitor.say(
            f"step {progress.step}: validation BLEU {scores.bleu:.4f}, "
            f"edit distance {scores.edit_distance:.4f}, exact match {scores.exact_match:.4f}"
            + " (best)"
            * best
        )
        return best

    def _write(self, kind: str, figures: dict[str, float]) -> None:
        progress = self.progress
        if self.logbook:
            place = {
                "epoch": progress.step / self.epoch_steps,
                "images": progress.images,
                "seconds": progress.seconds,
            }
            self.logbook.write(kind, progress.step, place | figures)


def standing(progress: Progress) -> str:
    """How far a run is, for people."""
    best = f", best validation BLEU {progress.best_bleu:.4f} at step {progress.best_step}"
    return f"step {progress.step} of {progress.total_steps}" + best * (progress.best_step > 0)
