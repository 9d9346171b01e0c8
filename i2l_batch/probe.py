"""Whether anything that can be Ray answers at an address.

In: HOST:PORT. Out: nothing, or the reason why not. Ray itself goes on trying for more than ten
minutes. Knows nothing of Ray but that it speaks HTTP/2, as all gRPC does.
"""

from __future__ import annotations

import os
import socket

SECONDS = 15.0
"""Patience with a name server, a network or a machine that is slow."""

_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How a client begins (RFC 9113, section 3.4): a fixed text, and a frame of settings without any. A
server sends a frame of settings first, too."""

_HEAD, _TYPE, _SETTINGS = 9, 3, 4
"""Bytes in the head of a frame, which of them is its type, and the type of settings."""


def check_answer(address: str, seconds: float = SECONDS) -> None:
    """Connect, and see that a server answers as gRPC does.

    Raises OSError with the reason in words, after `seconds` at the latest for each step.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), seconds) as connection:
            if os.environ.get("RAY_USE_TLS", "0") in ("", "0"):  # else it waits for a certificate
                connection.sendall(_HELLO)
                head = connection.recv(_HEAD, socket.MSG_WAITALL)
                if len(head) < _HEAD or head[_TYPE] != _SETTINGS:
                    raise OSError("what answers there is something else")
    except TimeoutError as error:
        raise OSError(f"nothing answers within {seconds:g} s") from error
    except OSError as error:
        raise OSError(error.strerror or str(error)) from error
