"""`python -m i2l_batch.train.text_size DATA -o FILE`: fit the estimate of the text size."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from i2l_batch.text_size import mark_features
from i2l_batch.train.data import Split, read_vocabulary
from i2l_batch.train.text_size.fit import fit, within
from i2l_batch.train.text_size.pictures import draw

_HELD_OUT = 20
"""One formula in so many is for judging."""


def examples(split: Split, repeats: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (N, F), sizes (N,) and which formula (N,), of every formula so many times."""
    features, ems, formulas = [], [], []
    for i in range(len(split)):
        sample = split[i]
        for repeat in range(repeats):
            drawn = draw(sample, float(split.ems[i]), np.random.default_rng([seed, i, repeat]))
            if drawn:
                features.append(mark_features(drawn[0]))
                ems.append(drawn[1])
                formulas.append(i)
    return np.array(features), np.array(ems), np.array(formulas)


def main() -> None:
    """Fit on most of a data set, judge on the rest, write the network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="data set, drawn at 400 dots an inch or more")
    parser.add_argument("-o", "--output", type=Path, required=True, help="safetensors file")
    parser.add_argument("--repeats", type=int, default=3, help="pictures of each formula")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    split = Split(args.data, "train", read_vocabulary(args.data))
    features, ems, formulas = examples(split, args.repeats, args.seed)
    known = formulas % _HELD_OUT > 0
    network = fit(features[known], ems[known])
    weights = {name: array.astype(np.float16) for name, array in network._asdict().items()}
    save_file(weights, args.output)
    for share in (0.1, 0.2):
        right = within(network, features[~known], ems[~known], share)
        print(f"within {share:.0%} on {(~known).sum()} pictures: {right:.3f}")


if __name__ == "__main__":
    main()
