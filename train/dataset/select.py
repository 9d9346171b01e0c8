"""Which formulas a data set is made of: normalised, distinct, split, without what is rare or long.

In: formulas as their lists have them. Out: a `Selection`, the same for any order of the lists, and
an account of what was left out. Knows nothing of files or pictures.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from i2l_batch.errors import UsageError
from i2l_batch.train.dataset.config import SPLITS, DatasetConfig, Split
from i2l_batch.train.dataset.formulas import count_tokens, cut_piece
from i2l_batch.train.dataset.funnel import Funnel
from i2l_batch.train.dataset.normalize import Rejection, Style, normalize_with
from i2l_batch.train.dataset.split import Lot, choose_split, draw_lot

Given = Split | None
"""The split that a list was given for; None for those that are to be split."""


class Formula(NamedTuple):
    """A formula of a data set."""

    tokens: str
    """Normalised, with spaces between."""
    source: str
    """As its list has it; of several spellings, the first in the alphabet."""
    lot: Lot


class Selection(NamedTuple):
    """What is to be rendered."""

    splits: dict[Split, list[Formula]]
    """In the order of the data set."""
    common: frozenset[str]
    """The tokens that are not rare."""
    funnel: Funnel


class NormalizeJob(NamedTuple):
    """Formulas to normalise at a time."""

    style: Style
    sources: Sequence[str]


def normalize_chunk(job: NormalizeJob) -> list[str | Rejection]:
    """The tokens of formulas, with spaces between, or why they have none."""
    found = (normalize_with(job.style, source) for source in job.sources)
    return [f if isinstance(f, Rejection) else " ".join(f) for f in found]


def select(
    read: Mapping[Given, Sequence[tuple[str, str | Rejection]]], config: DatasetConfig
) -> Selection:
    """Choose among the formulas, each with what it is normalised to, of the lists of each kind.

    Raises:
        UsageError: all splits are given, or have no share, and there are formulas to be split.
    """
    funnel = Funnel(sum(map(len, read.values())))
    pools = _distinct(read, config.seed, funnel)
    splits = _assign(pools, config.split)
    everything = {formula.tokens for formulas in splits.values() for formula in formulas}

    few = f"has fewer than {config.min_tokens} tokens"
    _sift(splits, funnel, "min_tokens", lambda f: few if _length(f) < config.min_tokens else None)
    banned = frozenset(config.banned)
    if banned:
        _sift(splits, funnel, "banned", lambda f: _banned_reason(f, banned))

    # Of a set without training formulas, all of them say what is common.
    basis = splits["train"] or [f for formulas in splits.values() for f in formulas]
    frequency = count_tokens(f.tokens.split(" ") for f in basis)
    common = frozenset(token for token, n in frequency.items() if n >= config.min_frequency)
    if config.rare == "drop":
        rare = None if config.min_frequency == 0 else "has a rare token"
        _sift(splits, funnel, "min_frequency", lambda f: None if _is_known(f, common) else rare)

    pieces = _cut_pieces(splits["train"], everything, config)
    many = f"has more than {config.max_tokens} tokens"
    _sift(splits, funnel, "max_tokens", lambda f: many if _length(f) > config.max_tokens else None)
    if config.pieces:
        funnel.add("pieces", len(pieces))
        splits["train"] += pieces
    for formulas in splits.values():
        formulas.sort(key=lambda f: (f.lot.order, f.tokens))
    return Selection(splits, common, funnel)


def _distinct(
    read: Mapping[Given, Sequence[tuple[str, str | Rejection]]], seed: int, funnel: Funnel
) -> dict[Given, list[Formula]]:
    """Every formula once; what is to be tested on is not trained on."""
    pools: dict[Given, dict[str, str]] = {}
    unusable: Counter[str] = Counter()
    repeated: Counter[str] = Counter()
    for kind in ("test", "validation", "train", None):
        pool = pools[kind] = {}
        for source, tokens in read.get(kind, ()):
            if isinstance(tokens, Rejection):
                unusable[tokens.reason] += 1
            elif tokens in pool:
                repeated["stands there more than once"] += 1
                pool[tokens] = min(pool[tokens], source)
            elif other := next((k for k in pools if k != kind and tokens in pools[k]), None):
                repeated[f"stands in the {other} list too"] += 1
            else:
                pool[tokens] = source
    funnel.step("normalised", unusable)
    funnel.step("distinct", repeated)
    return {
        kind: [Formula(tokens, source, draw_lot(tokens, seed)) for tokens, source in pool.items()]
        for kind, pool in pools.items()
    }


def _assign(
    pools: Mapping[Given, list[Formula]], shares: Sequence[float]
) -> dict[Split, list[Formula]]:
    """Given formulas stay with their split, whose share of the others is nothing."""
    splits: dict[Split, list[Formula]] = {name: list(pools[name]) for name in SPLITS}
    left = [0.0 if pools[name] else share for name, share in zip(SPLITS, shares, strict=True)]
    if pools[None] and not sum(left):
        raise UsageError(
            "--split leaves nothing for the formulas: give shares to splits without a list"
        )
    for formula in pools[None]:
        splits[choose_split(formula.lot.split, left)].append(formula)
    return splits


def _sift(
    splits: dict[Split, list[Formula]],
    funnel: Funnel,
    step: str,
    objection: Callable[[Formula], str | None],
) -> None:
    """Keep the formulas without an objection."""
    reasons: Counter[str] = Counter()
    for name, formulas in splits.items():
        kept = []
        for formula in formulas:
            if reason := objection(formula):
                reasons[reason] += 1
            else:
                kept.append(formula)
        splits[name] = kept
    funnel.step(step, reasons)


def _length(formula: Formula) -> int:
    return formula.tokens.count(" ") + 1


def _banned_reason(formula: Formula, banned: frozenset[str]) -> str | None:
    token = next((token for token in formula.tokens.split(" ") if token in banned), None)
    return f"holds {token}, which is banned" if token else None


def _is_known(formula: Formula, common: frozenset[str]) -> bool:
    return common.issuperset(formula.tokens.split(" "))


def _cut_pieces(
    formulas: Iterable[Formula], everything: set[str], config: DatasetConfig
) -> list[Formula]:
    """A random part of each long formula, unless it is a formula of the lists, whatever its split.

    Two formulas that give the same part give it once.
    """
    pieces: dict[str, Formula] = {}
    for formula in formulas if config.pieces else ():
        tokens = formula.tokens.split(" ")
        if len(tokens) <= config.pieces:
            continue
        piece = cut_piece(tokens, random.Random(f"{config.seed} {formula.tokens}"), config.pieces)
        text = " ".join(piece or ())
        if piece and len(piece) >= config.min_tokens and text not in everything:
            pieces[text] = Formula(text, text, draw_lot(text, config.seed))
    return list(pieces.values())
