"""Jobs for Ray's workers, which find them by the name of this module."""

from __future__ import annotations

import os

from i2l_batch.errors import RenderError


def square(number: int) -> int:
    return number * number


def process(_: int) -> int:
    return os.getpid()


def fail(number: int) -> int:
    if number == 2:
        raise RenderError("pdflatex is not installed")
    return number


def die(_: int) -> None:
    os._exit(1)
