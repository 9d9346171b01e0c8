"""Are there known holes in the packages of constraints.txt? Asks an advisory service by pip-audit.

Out: lines, and exit code 1 for a hole that is not excepted below. Where no service can be reached,
it says so and passes: a check must not depend on the network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SECONDS = 20
"""For all services together."""

SERVICES = ("pypi", "osv")
"""In the order in which they are asked, until one knows the packages."""

EXCEPTIONS: dict[str, str] = {}
"""Id of an advisory to the reason why it does not concern us."""


def main() -> int:
    """Ask, and tell."""
    deadline = time.monotonic() + SECONDS
    for service in SERVICES:
        report = _ask(service, deadline - time.monotonic())
        if report and any("vulns" in package for package in report["dependencies"]):
            code, lines = judge(report, EXCEPTIONS)
            print("\n".join(lines), file=sys.stderr if code else sys.stdout)
            return code
    print("audit: not audited: no advisory service can be reached from here")
    return 0


def judge(report: Mapping[str, Any], exceptions: Mapping[str, str]) -> tuple[int, list[str]]:
    """Exit code and lines for what pip-audit reports as JSON."""
    packages = report["dependencies"]
    known = [package for package in packages if "vulns" in package]
    unknown = [package["name"] for package in packages if "vulns" not in package]
    lines, seen, holes = [], set(), 0
    for package in known:
        for hole in package["vulns"]:
            names = {hole["id"], *hole["aliases"]}
            seen |= names
            where = f"audit: {package['name']} {package['version']}: {hole['id']}"
            if excepted := names & exceptions.keys():
                lines.append(f"{where}: excepted: {exceptions[excepted.pop()]}")
                continue
            holes += 1
            fix = ", ".join(hole["fix_versions"]) or "none yet"
            lines.append(f"{where}, fixed in: {fix}")
    lines += [
        f"audit: the exception {name} is not needed" for name in exceptions if name not in seen
    ]
    lines.append(f"audit: {len(known)} packages, {holes} known holes")
    if unknown:
        lines[-1] += f"; the service does not know {', '.join(unknown)}"
    return int(holes > 0), lines


def _ask(service: str, seconds: float) -> dict[str, Any] | None:
    """pip-audit's report; null when the service does not answer."""
    command = [Path(sys.executable).with_name("pip-audit"), "--vulnerability-service", service]
    # The pins are all there is: nothing is resolved or installed.
    command += ["-r", "constraints.txt", "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "5"]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).resolve().parent.parent,
            capture_output=True,
            text=True,
            timeout=max(seconds, 0.1),
            check=False,
        )
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None


if __name__ == "__main__":
    sys.exit(main())
