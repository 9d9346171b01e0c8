"""Whether the Ray of this machine still lives.

In: a connected Ray. Out: an answer at any time, at once. Ray itself (2.60) gives none: when its
process on this machine (the raylet) is dead, a driver waits for workers for ever, and dies without
a word when it fetches an object. Knows nothing of what runs there.
"""

from __future__ import annotations

import select
import socket

from i2l_batch.errors import I2LError


class Lifeline:
    """A connection to the raylet that nobody speaks on: the system closes it when that dies."""

    def __init__(self) -> None:
        """To the raylet of this machine; where it has none (a client of a far cluster), the line is
        never cut."""
        import ray

        own = ray.get_runtime_context().get_node_id()
        paths = [node["RayletSocketName"] for node in ray.nodes() if node["NodeID"] == own]
        self._socket = socket.socket(socket.AF_UNIX)
        self._poll = select.poll()
        try:
            self._socket.connect(paths[0])
        except (OSError, IndexError):
            return
        self._poll.register(self._socket, select.POLLIN)

    def check(self) -> None:
        """Raise I2LError if the raylet is dead."""
        if self._poll.poll(0):
            raise I2LError(
                "Ray has died on this machine, perhaps for want of memory; what is finished is"
                " committed, the same command goes on"
            )

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
