"""A document that is done, as rows of both tables.

In: a document with all its answers, and a way to its crops. Out: its row, and its formulas' rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from i2l_batch.errors import SourceError
from i2l_batch.parts import formula_row
from i2l_batch.records import Crop, Document
from i2l_batch.symbols import symbols_on_page
from i2l_batch.tickets import OpenDocument


def table_rows(
    document: OpenDocument,
    fetch: Callable[[Any], Sequence[Crop]],
    *,
    run: str,
    model: str,
    keep_crops: bool,
) -> tuple[Document, list[dict[str, Any]]]:
    """The rows; a document whose crops are lost has failed, and has none.

    Args:
        document: one that is done.
        fetch: gets the crops of a chunk by its reference; a SourceError says that they are lost.
        run: id of the run.
        model: id of the weights.
        keep_crops: whether the pictures are stored.
    """
    rows = []
    try:
        for crop, transcript in document.crops(fetch):
            assert document.sha256 is not None
            symbols = transcript.symbols
            if symbols is not None:
                transcript = replace(transcript, symbols=symbols_on_page(symbols, crop))
            rows.append(
                formula_row(
                    document.source.name,
                    document.sha256,
                    crop,
                    transcript,
                    keep_crop=keep_crops,
                    model=model,
                )
            )
    except SourceError as error:
        document.lose(error)
        rows = []
    return document.document(run), rows
