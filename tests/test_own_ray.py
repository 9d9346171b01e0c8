"""A Ray that a run starts is reached by nobody else, and leaves nothing behind."""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.processes import descendants


def listening(pids: list[int]) -> set[str]:
    """The addresses, as /proc has them, at which processes wait for connections."""
    sockets = {
        os.readlink(path)
        for pid in pids
        for path in Path(f"/proc/{pid}/fd").iterdir()
        if path.is_symlink() and os.path.lexists(path)
    }
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {
        row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets
    }


def is_loopback(address: str) -> bool:
    """Of an address as /proc has it: words of 32 bits, each with its lowest byte first."""
    raw = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
    found = ipaddress.ip_address(raw)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def start_and_look() -> None:
    """What the child of the test does, in a home directory that is empty."""
    from i2l_batch.cluster import session

    with session(None):
        import ray

        assert ray.get(ray.remote(lambda: 1).remote()) == 1
        found = sorted(listening([os.getpid(), *descendants(os.getpid())]))
        (raylet,) = descendants(os.getpid(), "raylet/raylet")
        secrets = [
            entry
            for entry in Path(f"/proc/{raylet}/environ").read_text().split("\0")
            if entry.startswith("RAY_AUTH_")
        ]
    left = [name for name in os.environ if name.startswith("RAY_AUTH_")]
    home = sorted(path.name for path in Path.home().iterdir())
    print(json.dumps([found, secrets, left, home]))


def test_its_ports_are_for_this_machine_and_ask_for_a_token(tmp_path: Path) -> None:
    """All of them listened on every interface, and Ray wrote a token, readable for everybody, into
    the home directory."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_AUTH_")}
    done = subprocess.run(
        [sys.executable, "-c", "from tests.test_own_ray import start_and_look as f; f()"],
        env={**environment, "HOME": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found, secrets, left, home = json.loads(done.stdout)
    assert len(found) > 0
    assert [address for address in found if not is_loopback(address)] == []
    assert "RAY_AUTH_MODE=token" in secrets
    assert any(entry.startswith("RAY_AUTH_TOKEN=") and len(entry) > 40 for entry in secrets)
    assert left == home == []


def test_what_is_loopback() -> None:
    loopback = ["0100007F", "0000000000000000FFFF00000100007F", f"{'0' * 24}01000000"]
    assert [is_loopback(address) for address in loopback] == [True] * 3
    assert not any(map(is_loopback, ["00000000", "020200C0", "0" * 32]))
