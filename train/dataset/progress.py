"""What a person sees while a data set is built. In: how far it is. Out: text on stderr."""

from __future__ import annotations

import time

from i2l_batch.progress import Screen, span

_BAR = 24
"""Characters of the bar on a terminal."""


class BuildScreen(Screen):
    """The screen of `i2l dataset build`."""

    _step = ""
    _start = 0.0
    _before = 0

    def update(self, step: str, done: int, of: int) -> None:
        """Show how many formulas of a step are done; what was done at its first call came before
        this run, and says nothing of its speed."""
        now = time.monotonic()
        if step != self._step:
            self._step, self._start, self._before = step, now, done
        share = done / of if of else 1.0
        line = f"{step} {done:,}/{of:,} formulas"
        if self._live:
            line = f"{'━' * round(share * _BAR):╌<{_BAR}} {line}"
        seconds = now - self._start
        if seconds > 1 and self._before < done < of:
            rate = (done - self._before) / seconds
            line += f", {rate:,.0f}/s, about {span((of - done) / rate)} left"
        self._show(line)
