"""The command line, called in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from i2l_batch.cli import main
from i2l_batch.interrupts import handlers_kept


def call(*arguments: str | Path) -> int:
    """`i2l ARGUMENTS`; its exit code. `main` sets handlers of signals; the tests keep theirs."""
    with handlers_kept(), pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    code = caught.value.code
    return code if isinstance(code, int) else 0
