"""How well a model reads pictures it has not learned: free-running greedy output against the truth.

In: a model and samples. Out: the scores, equal in all workers. Batches are cut as for one worker
and dealt out; only the counts behind the scores are added up: no predictions travel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, fields

import numpy as np
import torch

from i2l_batch.metrics import Scores, Tally
from i2l_batch.models.beam_search import BeamConfig, beam_search
from i2l_batch.models.recognizer import Recognizer
from i2l_batch.models.stepper import ModelStepper
from i2l_batch.models.tokenizer import BOS, EOS, SPECIALS, Tokenizer
from i2l_batch.train.batches import collate
from i2l_batch.train.data import Split
from i2l_batch.train.team import Team

BATCH_SIZE = 64
"""Most samples that are decoded at once."""

SPARE_TOKENS = 20
"""By which an output may be longer than the longest truth: 171 steps for 150 tokens and their end
(the paper's code)."""


def validate(
    model: Recognizer,
    split: Split,
    members: np.ndarray,
    tokenizer: Tokenizer,
    team: Team,
    *,
    micro_pixels: int,
    max_tokens: int,
    stop_requested: Callable[[], bool] = lambda: False,
) -> Scores | None:
    """Scores of greedy output on some samples of a split; null if a worker was asked to stop.

    All workers must call it; they decode a batch each and agree whether to go on, turn by turn.

    Args:
        model: what is judged.
        split: where the samples are.
        members: (M,) which samples of the split.
        tokenizer: of the model and the split.
        team: the workers.
        micro_pixels: pixels of a batch, about.
        max_tokens: longest truth. The output may be a little longer, and no more: a model that has
            learned little does not end. A limit that knew the truth would flatter it.
        stop_requested: asked before each turn.
    """
    tally = Tally()
    max_length = min(max_tokens + 1 + SPARE_TOKENS, model.config.max_tokens)
    batches = list(_batches(split, members[_by_size(split.sizes[members])], micro_pixels))
    for turn in range(0, len(batches), team.size):
        stops = torch.tensor([float(stop_requested())], device=team.device)
        team.sum(stops)
        if stops.item():
            return None
        for batch in batches[turn + team.rank : turn + team.size][:1]:  # mine, if there is one
            predicted = greedy(model, split, batch, team.device, max_length)
            for index, tokens in zip(batch.tolist(), predicted, strict=True):
                # Special tokens print nothing, but a truth that holds an unknown one is not met.
                prediction = [tokenizer.vocabulary[i] for i in tokens if i >= len(SPECIALS)]
                tally.add(prediction, [tokenizer.vocabulary[i] for i in split.ids(index)])
    return summed(tally, team).scores()


def summed(tally: Tally, team: Team) -> Tally:
    """The tally of all workers together."""
    counts = np.concatenate([np.ravel(value) for value in astuple(tally)])
    tensor = torch.tensor(counts, dtype=torch.float64, device=team.device)
    team.sum(tensor)
    values = iter(tensor.tolist())
    found = {}
    for field in fields(tally):
        old = getattr(tally, field.name)
        if isinstance(old, list):
            found[field.name] = [round(next(values)) for _ in old]
        else:
            found[field.name] = type(old)(next(values))
    return Tally(**found)


@torch.inference_mode()
def greedy(
    model: Recognizer, split: Split, batch: np.ndarray, device: torch.device, max_length: int
) -> list[tuple[int, ...]]:
    """The most likely next token, again and again, eos included `max_length` times at most.

    Returns the ids without eos, for samples of a split.
    """
    model.eval()
    tensors = collate([split[i] for i in batch.tolist()]).to(device)
    memory = model.encode(tensors.images(), tensors.sizes)
    search = BeamConfig(bos=BOS, eos=EOS, beam_size=1, max_length=max_length)
    found = beam_search(ModelStepper(model, memory, beam_size=1), len(batch), search, device)
    return [hypotheses[0].tokens for hypotheses in found]


def _by_size(sizes: np.ndarray) -> np.ndarray:
    """An order in which pictures of like size are neighbours."""
    return np.argsort(sizes.prod(1), kind="stable")


def _batches(split: Split, members: np.ndarray, micro_pixels: int) -> Iterator[np.ndarray]:
    """Cut sorted members so that a batch has about `micro_pixels` at most."""
    start = 0
    while start < len(members):
        end = start + 1
        most = split.sizes[members[start]]
        while end < len(members) and end - start < BATCH_SIZE:
            most = np.maximum(most, split.sizes[members[end]])
            if (end + 1 - start) * most.prod() > micro_pixels:
                break
            end += 1
        yield members[start:end]
        start = end
