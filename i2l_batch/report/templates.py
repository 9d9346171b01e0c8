"""The files of a report that are not made from data: pages to be filled, looks and script.

In: names. Out: text. Knows nothing of results.
"""

from __future__ import annotations

from importlib import resources
from string import Template

# No network, no script and no style but the report's own files, no forms that lead away. Pictures
# are in the data. From the disk, Chromium and Firefox take all files for `self`.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)


def stored(name: str) -> str:
    """A file as it comes with the package."""
    return resources.files("i2l_batch.report").joinpath(name).read_text("utf-8")


def fill(name: str, **values: str) -> str:
    """A page with its values, which are HTML already. All pages get the policy."""
    return Template(stored(name)).substitute(values, policy=POLICY)
