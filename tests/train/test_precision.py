from __future__ import annotations

import pytest
import torch

from i2l_batch.train.config import Precision
from i2l_batch.train.precision import in_16_bits, seconds

CPU = torch.device("cpu")


@pytest.mark.parametrize(("precision", "expected"), [("fp32", False), ("bf16", True)])
def test_what_is_asked_for_is_done(precision: Precision, expected: bool) -> None:
    assert in_16_bits(precision, CPU) is expected


@pytest.mark.parametrize(("narrow", "wide"), [(1.0, 2.0), (2.0, 1.0)])
def test_auto_takes_what_costs_less(narrow: float, wide: float) -> None:
    costs = {torch.bfloat16: narrow, torch.float32: wide}
    assert in_16_bits("auto", CPU, lambda dtype, _: costs[dtype]) is (narrow < wide)


def test_a_multiplication_takes_time() -> None:
    assert 0 < seconds(torch.float32, CPU) < 60
