"""Runs over hostile inputs: how they end, how long that takes, and how much memory.

    python -m benchmarks.hostile [--count N] [--seeds 1 2 3] [--seconds 5] [--workers 3]

Exit code 1 when anything ended otherwise than it must. `tests/hostile/` makes the inputs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from i2l_batch.results import open_results
from i2l_batch.source_names import original_name
from tests.hostile.corpus import make_corpus
from tests.hostile.ending import Ending
from tests.hostile.trial import Trial, run_trial


def main() -> int:
    """One run for each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="PDFs; images are a quarter more")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, default=5.0, help="limit for a document")
    parser.add_argument("--workers", type=int, default=3)
    options = parser.parse_args()
    wrong = 0
    print("| seed | inputs | ended as | seconds | extraction, MiB | worker | driver | wrong |")
    print("|---|---|---|---|---|---|---|---|")
    for seed in options.seeds:
        with tempfile.TemporaryDirectory(prefix="i2l-hostile-") as name:
            folder = Path(name)
            (folder / "in").mkdir()
            endings = make_corpus(folder / "in", seed, options.count)
            trial = run_trial(folder, timeout=options.seconds, workers=options.workers)
            faults = _tell(seed, folder, endings, trial)
        for fault in faults:
            print(f"  seed {seed}: {fault}", file=sys.stderr)
        wrong += len(faults)
    return int(wrong > 0)


def _tell(seed: int, folder: Path, endings: dict[str, Ending], trial: Trial) -> list[str]:
    """Print the row of a run; return what is wrong with it."""
    rows = open_results(folder / "out").documents().to_pylist()
    by_name = {original_name(row["source"]): row for row in rows}
    faults = [f"changed: {name}" for name in trial.changed]
    faults += [f"left behind: {name}" for name in trial.left]
    faults += [f"no row, or one too many: {name!r}" for name in by_name.keys() ^ endings.keys()]
    for name in by_name.keys() & endings.keys():
        if objection := endings[name].objection(by_name[name]):
            faults.append(f"{name!r} {objection}")
    messages = [row["error_message"] or "" for row in rows]
    faults += [f"not one line: {text!r}" for text in messages if not text.isprintable()]
    ended = Counter(row["error_type"] or row["status"] for row in rows)
    kinds = ", ".join(f"{count} {kind}" for kind, count in ended.most_common())
    peaks = [trial.peaks[kind][1] for kind in ("extraction", "ray worker", "driver")]
    print(
        f"| {seed} | {len(endings)} | {kinds} | {trial.seconds:.0f} | "
        + " | ".join(f"{peak:.0f}" for peak in peaks)
        + f" | {len(faults)} |",
        flush=True,
    )
    return faults


if __name__ == "__main__":
    sys.exit(main())
