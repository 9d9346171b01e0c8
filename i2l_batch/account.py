"""The account of a run: what was found, and what became of each input. It must add up.

In: statuses of documents as they end. Out: counts, one line for people, the exit code.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from i2l_batch.records import Status


@dataclass(kw_only=True, slots=True)
class Account:
    """Counts of inputs and formulas."""

    found: int = 0
    """Inputs that were named or found."""
    ok: int = 0
    empty: int = 0
    partial: int = 0
    failed: int = 0
    skipped: int = 0
    """Done in an earlier run with the same content."""
    skipped_failed: int = 0
    """Those of the skipped that failed then, or were read in part."""
    formulas: int = 0
    """Written in this run."""
    taken_over: int = 0
    """Answers that were not read again: an earlier run had read them when it died."""

    def note(self, status: Status, formulas: int) -> None:
        """One document has ended."""
        setattr(self, status, getattr(self, status) + 1)
        self.formulas += formulas

    def skip(self, earlier: Status) -> None:
        """One document is done since an earlier run, where it ended as told."""
        self.skipped += 1
        self.skipped_failed += earlier in ("failed", "partial")

    @property
    def ended(self) -> int:
        """Inputs of which it is known what became of them."""
        return self.ok + self.empty + self.partial + self.failed + self.skipped

    @property
    def adds_up(self) -> bool:
        """Every input found has ended in exactly one way."""
        return self.found == self.ended

    @property
    def exit_code(self) -> int:
        """0 when every input of this run was read whole, 1 when one was not."""
        return 0 if self.adds_up and not self.failed and not self.partial else 1

    def counts(self) -> dict[str, int]:
        """The fields by name, as stored in the run's record."""
        return asdict(self)

    def line(self) -> str:
        """The account in one line."""
        names = ("ok", "empty", "partial", "failed", "skipped")
        parts = " + ".join(f"{getattr(self, name)} {name}" for name in names)
        if not self.adds_up:
            parts += f" + {self.found - self.ended} not done"
        documents = "1 document" if self.found == 1 else f"{self.found} documents"
        formulas = "1 formula" if self.formulas == 1 else f"{self.formulas} formulas"
        line = f"{documents} = {parts}; {formulas} written"
        if self.skipped_failed:
            line += f" ({self.skipped_failed} of the skipped failed before: see --retry-failed)"
        return line
