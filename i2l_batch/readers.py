"""Model actors: each holds a loaded model, reads one batch while the next one waits, and is
replaced when it dies, unless its machine is gone.

In: batches. Out: their transcripts, or the batches that a dead reader leaves: the one it died over,
and the innocent one behind it. Ray's own restarts would blame both, and retry a model that cannot
be loaded for ever. Which one it was is not certain: what a reader has read just before it dies may
not reach us any more. So what is blamed once is a suspect, and a suspect has a reader to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from i2l_batch.errors import I2LError, SourceError
from i2l_batch.records import Transcript
from i2l_batch.tickets import Batch

BATCHES_PER_READER = 2
"""One that is read and one that waits, so that a reader never idles between two."""

LOADS = 3
"""Times in a row that a reader may die while it loads its model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of a batch."""

    batch: Batch
    transcripts: Sequence[Transcript]
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Death:
    """What a reader leaves that died, or raised."""

    suspect: Batch
    """It was read when that happened."""
    innocent: Sequence[Batch]
    """They waited, and are not going to be read now."""
    reason: str
    is_models_fault: bool
    """As far as is known: not where crops were lost on their way."""


@dataclass(eq=False, slots=True)
class _Slot:
    """A place for a reader."""

    home: str
    """Ray's id of the machine that it is on."""
    actor: Any
    loading: Any
    """Reference of its loading; null when that is over."""
    batches: dict[Any, Batch] = field(default_factory=dict)
    """By reference, in the order in which they are read."""
    deaths: int = 0
    """In a row, while loading."""

    def has_room(self, limit: int) -> bool:
        """Whether there may be one batch more, of `limit` at most."""
        tries = any(batch.is_suspect for batch in self.batches.values())
        return not self.loading and not tries and len(self.batches) < limit


class Readers:
    """All readers of a run."""

    def __init__(self, make: Callable[[str], Any | None], homes: Sequence[str]) -> None:
        """Start a reader on each machine that `homes` names, again for each time that it does.

        make: gives a new actor with the methods of `stages.Reader` on a machine; null when that is
        gone.
        """
        import ray
        import ray.exceptions

        self._ray, self._error = ray, ray.exceptions.RayError
        self._raised = ray.exceptions.RayTaskError
        self._make = make
        self._slots: list[_Slot] = []
        for home in homes:
            self._start(home)

    def pending(self) -> list[Any]:
        """References of all that is on its way."""
        return [
            reference
            for slot in self._slots
            for reference in ([slot.loading] if slot.loading else slot.batches)
        ]

    @property
    def is_busy(self) -> bool:
        """Whether any batch is on its way."""
        return any(slot.batches for slot in self._slots)

    def free(self, *, behind: bool) -> bool:
        """Whether a reader has room for a batch: nothing to do, or, if it may stand `behind`
        another, only that."""
        limit = BATCHES_PER_READER if behind else 1
        return any(slot.has_room(limit) for slot in self._slots)

    def give(self, batch: Batch) -> None:
        """Have a batch read by the reader with the least to do, of those that have room."""
        able = (slot for slot in self._slots if slot.has_room(BATCHES_PER_READER))
        slot = min(able, key=lambda slot: len(slot.batches))
        picks, chunks = batch.arguments()
        slot.batches[slot.actor.read.remote(picks, *chunks)] = batch

    def take(self, reference: Any) -> Answer | Death | None:
        """What a reference that is ready holds; null when it only says that a model is loaded.

        Raises:
            I2LError: the model cannot be loaded, or no machine is left that it could run on.
        """
        slot = next((s for s in self._slots if reference in (s.loading, *s.batches)), None)
        if slot is None:  # of a reader that died meanwhile: its batches were given back
            return None
        if reference == slot.loading:
            self._loaded(slot)
            return None
        try:
            transcripts, seconds = self._ray.get(reference)
        except self._error as error:
            return self._died(slot, reference, error)
        batch = slot.batches.pop(reference)
        return Answer(batch=batch, transcripts=transcripts, seconds=seconds)

    def close(self) -> None:
        """End all readers, whatever they do: on a Ray that goes on they would keep its CPUs."""
        for slot in self._slots:
            self._ray.kill(slot.actor)

    def _start(self, home: str, deaths: int = 0) -> None:
        actor = self._make(home)
        if actor:
            loading = actor.load.remote()
            self._slots.append(_Slot(home=home, actor=actor, loading=loading, deaths=deaths))

    def _loaded(self, slot: _Slot) -> None:
        try:
            self._ray.get(slot.loading)
        except self._raised as error:
            if isinstance(error.cause, I2LError):
                raise error.cause from error
            raise I2LError(f"the model cannot be loaded: {one_line(error.cause)}") from error
        except self._error as error:
            slot.deaths += 1
            if slot.deaths == LOADS:
                raise I2LError(
                    f"the model's process died {LOADS} times while it loaded, perhaps for want of "
                    f"memory: {one_line(error)}"
                ) from error
            self._replace(slot)
        else:
            slot.loading, slot.deaths = None, 0

    def _died(self, slot: _Slot, reference: Any, error: Any) -> Death:
        """A batch was not read; replace the reader unless it can go on."""
        if isinstance(error, self._raised):
            suspect, cause = slot.batches.pop(reference), error.cause
            # torch's errors; after one on a GPU nothing works any more.
            lives = not isinstance(cause, RuntimeError)
        else:
            suspect, cause = slot.batches.pop(self._first_unread(slot)), error
            lives = False
        innocent = [] if lives else list(slot.batches.values())
        if not lives:
            self._replace(slot)
        return Death(
            suspect=suspect,
            innocent=innocent,
            reason=one_line(cause),
            is_models_fault=not isinstance(cause, SourceError),
        )

    def _first_unread(self, slot: _Slot) -> Any:
        """The batch that a dead reader was at; those before it may have been read."""
        for reference in slot.batches:
            ready, _ = self._ray.wait([reference], timeout=0)
            try:
                self._ray.get(ready)
            except self._error:
                return reference
            if not ready:
                return reference
        raise AssertionError("a reader died over nothing")

    def _replace(self, slot: _Slot) -> None:
        self._ray.kill(slot.actor)  # it may live: then its place must be free for the next one
        self._slots.remove(slot)
        self._start(slot.home, slot.deaths)
        if not self._slots:
            raise I2LError("all machines that ran the model are gone: run again on what is left")


def one_line(error: BaseException) -> str:
    """An error's type and the first line of what it says."""
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
