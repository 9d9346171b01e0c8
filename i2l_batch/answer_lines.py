"""An answer as a line of text, and back: exactly what it was.

In: the key of a picture and what was read in it. Out: a line of JSON without line ends. Knows
nothing of files.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from i2l_batch.batches import Key
from i2l_batch.records import Box, Candidate, Symbol, Transcript


def line_of(key: Key, answer: Transcript) -> str:
    """The line of an answer."""
    facts = {name: getattr(answer, name) for name in answer.__slots__}
    facts["alternatives"] = [(other.latex, other.score) for other in answer.alternatives]
    if answer.symbols is not None:
        facts["symbols"] = [asdict(symbol) for symbol in answer.symbols]
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


def _symbol(facts: dict[str, Any]) -> Symbol:
    box = facts["box"]
    return Symbol(token=facts["token"], box=box and Box(**box), weight=facts["weight"])
