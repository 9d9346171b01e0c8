"""How a hostile input must end, where that is known."""

from __future__ import annotations

from typing import Any


class Ending:
    """What may stand in a document's row: one of several statuses or types of error."""

    def __init__(self, *kinds: str, formulas: int | None = None) -> None:
        """kinds: statuses and error types; none for any. formulas: how many there must be."""
        self._kinds, self._formulas = kinds, formulas

    def objection(self, row: dict[str, Any]) -> str | None:
        """What is wrong with the row of the documents table; null for nothing."""
        found = row["error_type"] or row["status"]
        if self._kinds and found not in self._kinds:
            return f"ended as {found} ({row['error_message']}), not {' or '.join(self._kinds)}"
        if self._formulas not in (None, row["formulas"]):
            return f"has {row['formulas']} formulas, not {self._formulas}"
        return None


ANY = Ending()
"""Nothing is known but that it ends."""
