from __future__ import annotations

import pytest
import torch

from i2l_batch.train.precision import Precision, in_16_bits

CPU = torch.device("cpu")


@pytest.mark.parametrize(("precision", "expected"), [("fp32", False), ("bf16", True)])
def test_what_is_asked_for_is_done(precision: Precision, expected: bool) -> None:
    assert in_16_bits(precision, CPU) is expected


def test_auto_decides_either_way() -> None:
    assert in_16_bits("auto", CPU) in (True, False)
