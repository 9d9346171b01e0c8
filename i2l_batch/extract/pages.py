"""Page selections such as `1-4,7,12-`.

In: the text of the option. Out: 1-based page numbers in ascending order, all or a chunk of them.
"""

from __future__ import annotations

import re

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import UsageError


def select_pages(selection: str | None, num_pages: int) -> list[int]:
    """The pages of a document of `num_pages` that are selected; null selects all.

    Raises:
        UsageError: the selection is not a list of pages and ranges.
    """
    if selection is None:
        return list(range(1, num_pages + 1))
    chosen: set[int] = set()
    for part in selection.split(","):
        match = re.fullmatch(r"(\d+)?(-)?(\d+)?", part.strip())
        if not match or not (match[1] or match[3]):
            raise UsageError(f"--pages {selection}: write pages and ranges, such as 1-4,7,12-")
        first = int(match[1] or 1)
        last = int(match[3] or (num_pages if match[2] else first))
        if first < 1 or (match[3] and last < first):
            raise UsageError(f"--pages {selection}: {part.strip()} is no range of pages")
        chosen.update(range(first, min(last, num_pages) + 1))
    return sorted(chosen)


def page_chunk(
    config: ExtractConfig, num_pages: int, first_page: int
) -> tuple[list[int], int | None, list[str]]:
    """The pages of a document to read now, the one to go on with, and what the user should know.

    Raises:
        UsageError: as `select_pages`.
    """
    selected = select_pages(config.pages, num_pages)
    left = [page for page in selected if page >= first_page]
    rest = left[config.chunk_pages :]
    notes = [] if selected else [f"--pages {config.pages} selects none of the {num_pages} pages"]
    return left[: config.chunk_pages], rest[0] if rest else None, notes
