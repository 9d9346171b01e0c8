"""Random pictures and what a model made of them, for benchmarks.

In: a seed. Out: `Reading`s, of which one in twenty was there before, with confidences over 0 to 1,
beams where the model was in doubt, and now and then a flag. The picture does not show the LaTeX.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace

from benchmarks.synthetic_formulas import LETTERS, Grammar
from benchmarks.synthetic_pictures import Picture, draw_picture
from i2l_batch.records import Candidate, Transcript


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A picture, and what the model made of it: equal pictures get the same."""

    picture: Picture
    png: bytes
    transcript: Transcript


class Library:
    """All that is random in the rows."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._grammar = Grammar(self.rng)
        self._pictures = [draw_picture(self.rng) for _ in range(300)]
        self._seen: list[Reading] = []
        self._popular = [self._grammar.formula() for _ in range(40)]
        self._numbers = itertools.count(1)

    def read(self) -> Reading:
        """A picture and its transcript; one in twenty was there before."""
        if self._seen and self.rng.random() < 0.05:
            return self.rng.choice(self._seen)
        picture = self.rng.choice(self._pictures)
        reading = Reading(
            picture=picture, png=picture.png(next(self._numbers)), transcript=self._transcript()
        )
        if len(self._seen) < 500:
            self._seen.append(reading)
        return reading

    def _transcript(self) -> Transcript:
        rng = self.rng
        latex = self._grammar.formula()
        if rng.random() < 0.03:  # what many papers have, in pictures of their own
            latex = rng.choice(self._popular)
        length = latex.count(" ") + 1
        confidence = rng.betavariate(2.2, 0.6) ** (1 + length / 60)
        score = -(1 - confidence) * rng.uniform(0.02, 0.4)
        transcript = Transcript(
            latex=latex,
            confidence=confidence,
            score=score,
            lowest=score * rng.uniform(1, 0.5 * length),
            num_tokens=length,
            stop="eos",
            valid=True,
            flags=(),
            alternatives=self._alternatives(latex, score) if confidence < 0.8 else (),
        )
        return self._flagged(transcript)

    def _alternatives(self, latex: str, score: float) -> tuple[Candidate, ...]:
        tokens, others = latex.split(" "), []
        for rank in range(self.rng.randrange(1, 5)):
            at = self.rng.choice([i for i, token in enumerate(tokens) if token not in "{}^_"])
            if tokens[at][0] != "\\":
                other = [*tokens[:at], self.rng.choice(LETTERS), *tokens[at + 1 :]]
                others.append(Candidate(latex=" ".join(other), score=score - 0.1 * (1 + rank)))
        return tuple(others)

    def _flagged(self, transcript: Transcript) -> Transcript:
        """Most are fine."""
        latex, chance = transcript.latex, self.rng.random()
        if chance < 0.002:
            nothing = {"latex": "", "num_tokens": 0, "confidence": 0.0, "alternatives": ()}
            return replace(transcript, **nothing, flags=("blank",))
        if chance < 0.005:
            cut = {"confidence": 0.0, "stop": "length"}
            return replace(transcript, **cut, flags=("oversize", "max_length"))
        if chance < 0.008:
            return replace(transcript, confidence=0.0, flags=("repeats",))
        if chance < 0.02:
            broken = {"latex": rf"{latex} ^", "num_tokens": transcript.num_tokens + 1}
            return replace(transcript, **broken, valid=False, flags=("invalid",))
        return replace(transcript, flags=("inverted",)) if chance < 0.03 else transcript
