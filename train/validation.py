"""How well a model reads pictures it has not learned: free-running greedy output against the truth.

In: a model and samples. Out: the scores, equal in all workers. Each worker decodes its share and
only the counts behind the scores are added up: no predictions travel, and none waits idle.
"""

from __future__ import annotations

from collections.abc import Iterator
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


def validate(
    model: Recognizer,
    split: Split,
    members: np.ndarray,
    tokenizer: Tokenizer,
    team: Team,
    *,
    micro_pixels: int,
) -> Scores:
    """Scores of greedy output on some samples of a split. All workers must call it."""
    tally = Tally()
    mine = members[_by_size(split.sizes[members])][team.rank :: team.size]
    for batch in _batches(split, mine, micro_pixels):
        predicted = greedy(model, split, batch, team.device)
        for tokens, index in zip(predicted, batch.tolist(), strict=True):
            # Special tokens print nothing, but a truth that holds an unknown one is not met.
            prediction = [tokenizer.vocabulary[i] for i in tokens if i >= len(SPECIALS)]
            tally.add(prediction, [tokenizer.vocabulary[i] for i in split[index].ids])
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
    model: Recognizer, split: Split, batch: np.ndarray, device: torch.device
) -> list[tuple[int, ...]]:
    """The most likely next token, again and again: ids without eos, for samples of a split."""
    model.eval()
    tensors = collate([split[i] for i in batch.tolist()]).to(device)
    memory = model.encode(tensors.images(), tensors.sizes)
    length = min(2 * tensors.targets.shape[1], model.config.max_tokens)
    search = BeamConfig(bos=BOS, eos=EOS, beam_size=1, max_length=length)
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
