"""An answer as a line of text, and back: exactly what it was.

In: the key of a picture and what was read in it. Out: a line of JSON without line ends. Knows
nothing of files.
"""

from __future__ import annotations

import json
from typing import Any

from i2l_batch.batches import Key
from i2l_batch.records import Box, Candidate, Symbol, Transcript


def line_of(key: Key, answer: Transcript) -> str:
    """The line of an answer."""
    facts = {name: getattr(answer, name) for name in answer.__slots__}
    facts["alternatives"] = [(other.latex, other.score) for other in answer.alternatives]
    if answer.symbols is not None:
        facts["symbols"] = [_facts(symbol) for symbol in answer.symbols]
    return json.dumps([key.height, key.width, key.digest.hex(), facts])


def answer_in(line: str) -> tuple[Key, Transcript]:
    """Whose answer it is, and the answer. The line is one of `line_of`."""
    height, width, digest, facts = json.loads(line)
    facts["flags"] = tuple(facts["flags"])
    facts["alternatives"] = tuple(
        Candidate(latex=latex, score=score) for latex, score in facts["alternatives"]
    )
    if facts["symbols"] is not None:
        facts["symbols"] = tuple(map(_symbol, facts["symbols"]))
    return Key(height, width, bytes.fromhex(digest)), Transcript(**facts)


def _facts(symbol: Symbol) -> tuple[str, tuple[float, ...] | None, float | None]:
    # With attention these are most of the file; dataclasses.asdict takes 20 times as long.
    box = symbol.box
    return symbol.token, box and (box.x0, box.y0, box.x1, box.y1), symbol.weight


def _symbol(facts: list[Any]) -> Symbol:
    token, edges, weight = facts
    box = edges and Box(x0=edges[0], y0=edges[1], x1=edges[2], y1=edges[3])
    return Symbol(token=token, box=box, weight=weight)
