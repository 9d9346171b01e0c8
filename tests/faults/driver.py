"""A program: a run of the pipeline that takes its time, with the signals and exit codes of
`i2l transcribe`.

Usage: python -m tests.faults.driver PAPERS OUTPUT MODEL [ADDRESS]; without the address of a Ray it
starts its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from i2l_batch.config import TranscribeConfig
from i2l_batch.errors import I2LError
from i2l_batch.interrupts import end_in_order
from i2l_batch.pipeline import transcribe
from i2l_batch.progress import Progress
from tests.fake_readers import SlowReader
from tests.processes import ROOT


def start(
    papers: Path, output: Path, model: Path, *address: str, through: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """The program as a process. through: a program that starts it, with its arguments."""
    program = [*through, sys.executable, "-m", "tests.faults.driver"]
    return subprocess.Popen(
        [*program, *map(str, (papers, output, model, *address))],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


def main(papers: str, output: str, model: str, address: str | None = None) -> int:
    end_in_order()
    config = TranscribeConfig(
        model=Path(model), ray_address=address, batch_size=2, commit_seconds=0.2
    )
    try:
        account = transcribe([papers], Path(output), config, Progress(-1), reader=SlowReader)
    except KeyboardInterrupt:
        return 130
    except I2LError as error:
        print(f"i2l: {error}", file=sys.stderr)
        return 2
    return account.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
