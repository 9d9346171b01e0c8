"""The audit of the dependencies fails for a known hole, and only for that."""

from __future__ import annotations

import importlib.util
from typing import Any

from tests.conftest import ROOT


def judge(report: dict[str, Any], exceptions: dict[str, str]) -> tuple[int, list[str]]:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.judge(report, exceptions)


HOLE = {"id": "CVE-1", "fix_versions": ["3.1.7"], "aliases": ["GHSA-1"], "description": "x"}
REPORT = {
    "dependencies": [
        {"name": "jinja2", "version": "3.1.6", "vulns": [HOLE]},
        {"name": "numpy", "version": "2.4.6", "vulns": []},
        {"name": "ours", "skip_reason": "not found"},
    ],
    "fixes": [],
}
"""As pip-audit 2.10 writes it."""

END = "; the service does not know ours"


def test_a_known_hole_fails_with_its_mending() -> None:
    lines = [
        "audit: jinja2 3.1.6: CVE-1, fixed in: 3.1.7",
        f"audit: 2 packages, 1 known holes{END}",
    ]
    assert judge(REPORT, {}) == (1, lines)


def test_an_exception_has_its_reason_and_is_told_when_it_is_idle() -> None:
    exceptions = {"GHSA-1": "templates are our own", "CVE-2": "gone"}
    lines = [
        "audit: jinja2 3.1.6: CVE-1: excepted: templates are our own",
        "audit: the exception CVE-2 is not needed",
        f"audit: 2 packages, 0 known holes{END}",
    ]
    assert judge(REPORT, exceptions) == (0, lines)
