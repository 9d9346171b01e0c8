"""The training loop of every model, in every worker: learn, validate, checkpoint, go on.

In: a `TrainJob` and a `Team`. Out: a run folder (see `run_folder`), written by process 0 alone.
What happens in a step depends on the configuration, the data and the step's number, so that a run
ends the same however often it was killed.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from i2l_batch.errors import CheckpointError, UsageError
from i2l_batch.models.build import build_model
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.tokenizer import Tokenizer
from i2l_batch.train.batches import largest_margins
from i2l_batch.train.config import TrainJob
from i2l_batch.train.data import Split, fingerprint, read_vocabulary, usable
from i2l_batch.train.feed import Feed, reader_deaths_told, steps
from i2l_batch.train.fine_tuning import start_from
from i2l_batch.train.learner import Learner
from i2l_batch.train.logbook import Logbook
from i2l_batch.train.monitor import Monitor
from i2l_batch.train.report import Report, standing
from i2l_batch.train.run_folder import BEST, EVENTS, LATEST, METRICS, check, note, way_out
from i2l_batch.train.state import Progress, recover, restore_state, save_best, save_state
from i2l_batch.train.team import Team
from i2l_batch.train.validation import validate

GO_ON, SPENT, ASKED = 0.0, 1.0, 2.0
"""What process 0 says about stopping: nothing, the time is spent, somebody asked."""


def train(job: TrainJob, team: Team, monitor: Monitor) -> Progress:
    """Train until the last step, or until a stop is asked for; the same call again goes on.

    All processes of the team call it with the same job; they must see the same folders.

    Raises:
        UsageError: the data set does not suit the model, the run is of another one or has other
            settings, or the loss is not a number any more.
        CheckpointError: a checkpoint cannot be read.
    """
    if team.rank == 0:
        check(job.run, job.config)
        recover(job.run / LATEST)
    team.barrier()  # only then is there a folder to go on from
    tokenizer = read_vocabulary(job.dataset)
    torch.manual_seed(job.config.seed)
    model = build_model(job.config.model_for(len(tokenizer))).to(team.device)
    if team.device.type == "cuda":  # whose 16-bit convolutions want the channels side by side
        model = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    trainer = Trainer(job, model, tokenizer, team, monitor)
    if team.rank == 0:  # a start that failed until here leaves nothing
        note(job.run, job.config)
    return trainer.run()


class Trainer:
    """A run in one process: what is learned, how far it has come, when to do what."""

    def __init__(
        self,
        job: TrainJob,
        model: Recognizer,
        tokenizer: Tokenizer,
        team: Team,
        monitor: Monitor,
    ) -> None:
        self.job, self.tokenizer, self.team, self.monitor = job, tokenizer, team, monitor
        config = job.config
        learned, members = self._members("train", model)
        self._held, self._held_members = self._members("validation", model)
        if config.validate_samples:
            self._held_members = self._held_members[: config.validate_samples]
        if config.loss.guide_weight and not learned.has_boxes:
            raise UsageError(
                f"{job.dataset} does not say where its tokens are, as loss.guide_weight needs: "
                "build it with boxes, or train with --set loss.guide_weight=0"
            )
        self.feed = Feed(
            learned,
            members,
            config,
            team.rank,
            team.size,
            em_pixels=model.em_pixels,
            max_size=model.max_size,
        )
        self.learner = Learner(model, config, team)
        self.progress = self._restored(len(members))
        self.learner.share_weights()
        team.barrier()  # nobody replaces a checkpoint that another still reads
        self._saved = self.progress.step

    def run(self) -> Progress:
        """Do the steps that are left."""
        progress, job = self.progress, self.job
        if self._done:
            self.monitor.say(f"nothing left to do: {standing(progress)}")
            return progress
        logbook = None
        if self.team.rank == 0:
            logbook = Logbook(
                job.run / METRICS, job.run / EVENTS, progress.step, progress.validated
            )
        try:
            epoch_steps = self.feed.epoch_steps
            with reader_deaths_told():
                self._fit(Report(job.config, progress, epoch_steps, logbook, self.monitor))
        finally:
            if logbook:
                logbook.close()
        self.monitor.say(f"{'finished' if self._done else 'stopped'}: {standing(progress)}")
        return progress

    def _fit(self, report: Report) -> None:
        """Learn step by step; between steps validate and save when it is time to."""
        progress, config = self.progress, self.job.config
        loaders, on_gpu = config.data.loader_workers, self.team.device.type == "cuda"
        if loaders < 0:
            loaders = 2 if on_gpu else 0
        feed = steps(self.feed, progress.step, progress.total_steps, loaders, pinned=on_gpu)
        stop = GO_ON
        while True:
            if stop == GO_ON and self._validation_due:
                if self._saved < progress.step:
                    self._save()  # a validation may take longer than all steps since the last one
                stop = self._validate(report)
            elif stop != GO_ON or progress.step >= self._saved + config.checkpoint_steps:
                self._save()
            if stop != GO_ON or progress.step >= progress.total_steps:
                progress.stopped = stop == ASKED
                return
            began = time.monotonic()
            step = next(feed)
            spent = 0 < 60 * config.max_minutes <= time.time() - self.job.started
            wish = ASKED if self.monitor.stop_requested() else SPENT if spent else GO_ON
            figures = self.learner.learn(step, progress.step, progress.total_steps, stop=wish)
            stop = figures.stop
            report.step(figures, step.num_samples, time.monotonic() - began)

    def _members(self, name: str, model: Recognizer) -> tuple[Split, np.ndarray]:
        """A split, and which of its samples the model can take."""
        data = self.job.config.data
        split = Split(self.job.dataset, name, self.tokenizer)
        members, lines = usable(
            split,
            max_size=model.max_size,
            margins=largest_margins(data),
            em_pixels=model.em_pixels,
            max_tokens=min(data.max_tokens, model.config.max_tokens - 1),
        )
        for line in lines:
            self.monitor.say(line)
        return split, members

    def _restored(self, samples: int) -> Progress:
        """Where the run goes on, or starts."""
        job, learner = self.job, self.learner
        dataset = fingerprint(job.dataset)
        try:
            progress = restore_state(
                job.run / LATEST, learner.model, self.tokenizer, learner.optimizer
            )
        except CheckpointError as error:
            raise CheckpointError(f"{error}: {way_out(job.run)}") from error
        if progress is None:
            progress = Progress(samples=samples, dataset=dataset)
            if job.start_from:
                self.monitor.say(start_from(job.start_from, learner.model, self.tokenizer))
        elif (progress.samples, progress.dataset or dataset) != (samples, dataset):
            raise UsageError(
                f"{job.run} was trained on another data set than {job.dataset}: "
                "resume with the same one, or give another run folder"
            )
        elif job.start_from:
            self.monitor.say(f"--from {job.start_from} was for the start of {job.run}, it goes on")
        progress.total_steps = job.config.total_steps(self.feed.epoch_steps)
        self.monitor.say(
            f"{samples} samples, {len(self._held_members)} for validation, "
            f"{len(self.tokenizer)} tokens, {learner.model.num_parameters} parameters; "
            f"from step {progress.step} to {progress.total_steps}"
        )
        return progress

    @property
    def _done(self) -> bool:
        return self.progress.validated == self.progress.step >= self.progress.total_steps

    @property
    def _validation_due(self) -> bool:
        progress, config = self.progress, self.job.config
        every = config.validate_steps or round(config.validate_epochs * self.feed.epoch_steps)
        due = progress.step % max(1, every) == 0 or progress.step >= progress.total_steps
        return due and progress.step > progress.validated

    def _validate(self, report: Report) -> float:
        """Free-running scores on the validation split; keep the best model. Returns whether to
        stop: then the validation is left undone, and the next start does it."""
        learner = self.learner
        scores = validate(
            learner.model,
            self._held,
            self._held_members,
            self.tokenizer,
            self.team,
            micro_pixels=self.job.config.micro_pixels,
            max_tokens=self.job.config.data.max_tokens,
            stop_requested=self.monitor.stop_requested,
        )
        if scores is None:
            return ASKED
        if report.validation(scores) and self.team.rank == 0:
            save_best(self.job.run / BEST, learner.model, self.tokenizer)
        self._save()
        return GO_ON

    def _save(self) -> None:
        """Write `latest/`; process 0 does, the others wait."""
        self._saved = self.progress.step
        learner = self.learner
        learner.share_statistics()
        if self.team.rank == 0:
            latest = self.job.run / LATEST
            save_state(latest, learner.model, self.tokenizer, learner.optimizer, self.progress)
        self.team.barrier()
