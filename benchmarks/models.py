"""Cost of the models: a training step (forward, backward) and a decoding step, with peak memory.

    python benchmarks/models.py

Each model, precision and task runs in a process of its own, so that peak memory is its own; one
line for each. Weights, pictures and tokens are random: none of them changes the cost. The least of
a few times is given, the first not counted. `compact` is measured twice: with the pixels of the
paper's pictures, and `compact-small` in the size in which it reads the same formulas (14 pixels to
the em instead of 33.2). On a machine with other work, `--clock cpu` counts the seconds of all cores
together instead of those on the wall.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch

from i2l_batch.models.beam_search import BeamConfig, beam_search
from i2l_batch.models.build import build_model
from i2l_batch.models.config import CompactConfig, PaperConfig
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.stepper import ModelStepper

Result = TypeVar("Result")

VOCABULARY = 339
MODELS = ("nopool", "strips", "compact", "compact-small")
PAPER_SIZE, SMALL_SIZE = (130, 1090), (55, 460)


def build(name: str) -> tuple[Recognizer, tuple[int, int]]:
    """A full-size model, and the height and width of its pictures."""
    if name == "nopool":
        return build_model(PaperConfig(architecture="nopool", vocab_size=VOCABULARY)), PAPER_SIZE
    if name == "strips":
        return build_model(PaperConfig(architecture="strips", vocab_size=VOCABULARY)), PAPER_SIZE
    small = name == "compact-small"
    model = build_model(CompactConfig(vocab_size=VOCABULARY))
    return model, SMALL_SIZE if small else PAPER_SIZE


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is measured, and how."""

    model: Recognizer
    images: torch.Tensor
    sizes: torch.Tensor
    tokens: torch.Tensor
    rounds: int
    clock: Callable[[], float]

    def timed(self, work: Callable[[], Result]) -> tuple[Result, float]:
        """What it returns, and the seconds it took."""
        began = self.clock()
        result = work()
        return result, self.clock() - began

    def least(self, work: Callable[[], object]) -> float:
        """The least seconds it took in several rounds."""
        return min([self.timed(work)[1] for _ in range(self.rounds + 1)][1:])


def measure(args: argparse.Namespace) -> str:
    """Run one task of one model in one precision; the line to print."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model, (height, width) = build(args.model)
    images = torch.zeros(args.batch, -(-height // 8) * 8, -(-width // 8) * 8)
    images[:, :height, :width] = torch.rand(args.batch, height, width)
    work = Work(
        model=model,
        images=images,
        sizes=torch.tensor([[height, width]] * args.batch),
        tokens=torch.randint(4, VOCABULARY, (args.batch, args.tokens)),
        rounds=args.rounds,
        clock=time.process_time if args.clock == "cpu" else time.perf_counter,
    )
    with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
        figures = training(work) if args.task == "train" else decoding(work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 2**20 if sys.platform == "darwin" else 2**10
    return f"{args.model:13}  {args.precision}  {args.task:6}  {figures}  peak {peak:5.0f} MiB"


def training(work: Work) -> str:
    """Seconds of a forward and of a backward pass."""

    def loss() -> torch.Tensor:
        logits, _ = work.model(work.images, work.sizes, work.tokens)
        return torch.nn.functional.cross_entropy(
            logits.flatten(0, 1).float(), work.tokens.flatten()
        )

    forward, backward = [], []
    for _ in range(work.rounds + 1):
        work.model.zero_grad()
        value, seconds = work.timed(loss)
        forward.append(seconds)
        backward.append(work.timed(value.backward)[1])
    there, back = min(forward[1:]), min(backward[1:])
    speed = len(work.images) / (there + back)
    return f"forward {there:6.2f} s  backward {back:6.2f} s  {speed:6.2f} images/s"


@torch.inference_mode()
def decoding(work: Work) -> str:
    """Seconds to encode, milliseconds of a greedy step and of a step of the paper's beam."""
    model, length = work.model.eval(), work.tokens.shape[1]
    memory = model.encode(work.images, work.sizes)
    encoding = work.least(partial(model.encode, work.images, work.sizes))
    greedy, wide = (
        1000 * work.least(partial(search, model, memory, beam_size, length)) / length
        for beam_size in (1, 10)
    )
    return f"encode {encoding:6.2f} s  greedy {greedy:6.1f} ms  beam 10 {wide:6.1f} ms"


def search(model: Recognizer, memory: Any, beam_size: int, length: int) -> None:
    """A search of exactly `length` steps: no token ends it."""
    config = BeamConfig(bos=1, eos=VOCABULARY, beam_size=beam_size, max_length=length)
    beam_search(ModelStepper(model, memory, beam_size), len(memory), config)


def main() -> None:
    """Measure everything, each in its own process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=4, help="pictures")
    parser.add_argument("--tokens", type=int, default=60, help="length of a formula")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--model", choices=MODELS, help="measure this one here, in this process")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--task", choices=("train", "decode"), default="train")
    args = parser.parse_args()
    if args.model:
        print(measure(args), flush=True)
        return
    for task, precision, model in itertools.product(("train", "decode"), ("fp32", "bf16"), MODELS):
        chosen = ["--task", task, "--precision", precision, "--model", model]
        subprocess.run([sys.executable, *sys.argv, *chosen], check=True)


if __name__ == "__main__":
    main()
