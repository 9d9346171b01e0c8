"""A Ray that we start is for us alone: whoever reaches its ports can run programs as this user.

In: a block in which Ray is started, used and stopped. Out: nothing; meanwhile a Ray that starts
listens on this machine only, and answers only to who knows a token that is made for this block.
Knows nothing of what runs there.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from i2l_batch.interrupts import handlers_kept

_MODE, _TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"


@contextmanager
def private_ray() -> Iterator[None]:
    """Start Ray in this block. What the user has set (variables RAY_AUTH_...) stays as it is.

    Ray's own token would be written into the home directory, readable for everybody, and stay.
    """
    chosen = any(name.startswith("RAY_AUTH_") for name in os.environ)
    if not chosen:
        os.environ |= {_MODE: "token", _TOKEN: secrets.token_hex(32)}
        if "ray" in sys.modules:
            _read_again()
    try:
        with _loopback():
            yield
    finally:
        if not chosen:
            os.environ.pop(_MODE, None)
            os.environ.pop(_TOKEN, None)
            _read_again()


@contextmanager
def _loopback() -> Iterator[None]:
    """Ray has no option for this. On macOS it is the default; elsewhere this constant is, which
    RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER sets when it is loaded and which a cluster needs as it was."""
    with handlers_kept():
        from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _read_again() -> None:
    """Ray reads mode and token when it is loaded; the next Ray of this process has others."""
    raylet: Any = import_module("ray._raylet")  # compiled: type checkers see nothing in it
    raylet.AuthenticationTokenLoader.instance().reset_cache()
    raylet.Config.initialize("")
