"""What the grammar costs and what it changes: the same batches decoded with and without it.

    python benchmarks/grammar.py val.labels.jsonl --images IMAGES --limit 1000

Batch by batch, in turns, so that a noisy machine hits both alike. CPU time is that of one thread,
on which all runs; the time within the grammar is measured apart, since with it the search takes
other ways, which are longer or shorter. BLEU is of the canonical forms, over what can be decoded at
all; an answer that was cut or does not parse counts as it is. Of a loop one turn is kept both ways:
to let it fill an answer would spare BLEU a part of its penalty for brevity.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from i2l_batch.answers import formula
from i2l_batch.canonical import canonicalize
from i2l_batch.grammar import Grammar
from i2l_batch.grammar.constraint import Constrained, Masks
from i2l_batch.images import Prepared, prepare
from i2l_batch.latex import is_valid, tokenize
from i2l_batch.metrics import Tally
from i2l_batch.models.beam_search import BeamConfig, Stepper, beam_search
from i2l_batch.models.checkpoint import load_checkpoint
from i2l_batch.models.files import SHIPPED
from i2l_batch.models.grouping import pad
from i2l_batch.models.hypothesis import Hypothesis
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.stepper import ModelStepper
from i2l_batch.models.tokenizer import BOS, EOS, Tokenizer
from i2l_batch.train.evaluation.evaluate import EvaluateConfig, open_truth
from i2l_batch.train.evaluation.truth import Sample


class Timed:
    """A `Stepper` around another, and how long that takes."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self.seconds = 0.0

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """As the stepper's."""
        began = time.thread_time()
        found = self._stepper.step(tokens)
        self.seconds += time.thread_time() - began
        return found

    def select(self, rows: Tensor, parents: Tensor) -> None:
        """As the stepper's."""
        began = time.thread_time()
        self._stepper.select(rows, parents)
        self.seconds += time.thread_time() - began


class Decoded(NamedTuple):
    """What came out of a batch, and what it took in CPU seconds."""

    best: list[Hypothesis]
    seconds: float
    """Encoding and search."""
    in_grammar: float
    """Of it."""


def decode(
    model: Recognizer, pictures: list[Prepared], beam_size: int, masks: Masks | None
) -> Decoded:
    """The best hypothesis of each picture."""
    images, sizes = pad([picture.ink for picture in pictures])
    config = BeamConfig(
        bos=BOS, eos=EOS, beam_size=beam_size, max_length=min(256, model.config.max_tokens)
    )
    began = time.thread_time()
    inner = outer = Timed(ModelStepper(model, model.encode(images, sizes), beam_size))
    if masks:
        outer = Timed(Constrained(inner, masks, len(images), beam_size))
    beams = beam_search(outer, len(images), config)
    seconds = time.thread_time() - began
    return Decoded([beam[0] for beam in beams], seconds, outer.seconds - inner.seconds)


@dataclass
class Outcome:
    """What decoding came to, one way."""

    grammar: Grammar
    seconds: float = 0.0
    in_grammar: float = 0.0
    tally: Tally = field(default_factory=Tally)
    valid: int = 0
    loops: int = 0
    cut: int = 0

    def add(self, hypothesis: Hypothesis, latex: str, sample: Sample) -> None:
        """Count an answer."""
        self.valid += is_valid(latex)
        self.loops += self.grammar.loop(hypothesis.tokens) is not None
        self.cut += not hypothesis.finished
        self.tally.add(canonicalize(tokenize(latex)), canonicalize(sample.label.tokens))

    def __str__(self) -> str:
        return (
            f"BLEU {self.tally.bleu:.4f}, {self.valid} of {self.tally.num_formulas} parse, "
            f"{self.loops} with a loop, {self.cut} cut, {self.seconds:.1f} s of CPU"
        )


def compare(
    model: Recognizer, tokenizer: Tokenizer, samples: list[Sample], args: argparse.Namespace
) -> None:
    """Decode all samples both ways with each beam size, and print what that comes to."""
    grammar = Grammar(tokenizer.vocabulary)
    limits = {"em_pixels": model.em_pixels, "max_size": model.max_size}
    prepared = [(prepare(sample.picture, None, **limits), sample) for sample in samples]
    prepared.sort(key=lambda pair: pair[0].ink.shape[::-1])
    size = args.batch_size
    batches = [prepared[i : i + size] for i in range(0, len(prepared), size)]
    for beam_size in args.beam_size:
        masks = Masks(grammar, "cpu")
        with_it, without = Outcome(grammar), Outcome(grammar)
        for number, batch in enumerate(batches):
            pictures = [picture for picture, _ in batch]
            turns = [(with_it, masks), (without, None)]
            for outcome, mask in turns if number % 2 else reversed(turns):
                decoded = decode(model, pictures, beam_size, mask)
                outcome.seconds += decoded.seconds
                outcome.in_grammar += decoded.in_grammar
                for hypothesis, (_, sample) in zip(decoded.best, batch, strict=True):
                    found = formula(hypothesis, grammar).tokens if mask else None
                    tokens = found or grammar.one_turn(hypothesis.tokens)
                    outcome.add(hypothesis, tokenizer.decode(tokens), sample)
        cost, share = with_it.seconds / without.seconds - 1, with_it.in_grammar / with_it.seconds
        print(f"beam {beam_size}, without grammar: {without}")
        print(
            f"beam {beam_size}, with grammar: {with_it} ({100 * cost:+.1f} %;"
            f" {100 * share:.1f} % within the grammar)",
            flush=True,
        )


@torch.inference_mode()
def main() -> None:
    """Read the options, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path, help="truth file, or data set")
    parser.add_argument("--images", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--beam-size", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--batch-size", type=int, default=32)
    args = parser.parse_args()
    torch.set_num_threads(1)
    config = EvaluateConfig(split=args.split, images=args.images, limit=args.limit)
    truth = open_truth(args.truth, config)
    samples = [sample for batch in truth.batches(64) for sample in batch]
    compare(*load_checkpoint(args.model, "cpu"), samples, args)


if __name__ == "__main__":
    main()
