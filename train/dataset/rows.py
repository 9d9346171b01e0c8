r"""Prints what has rows: environments and `\substack`.

In: a reader behind the first token. Out: tokens in the reader's list, every cell in braces and
every row with its end. What only moves rows apart is left out.
"""

from __future__ import annotations

from i2l_batch.errors import FormulaError
from i2l_batch.latex import closing_brace, is_length
from i2l_batch.train.dataset.reader import Ends, Reader, is_group, unwrapped
from i2l_batch.train.dataset.spelling import ENVIRONMENTS, FAITHFUL_ENVIRONMENTS

END_OF_ROW = "\\\\"

_ROW_ENDS: Ends = frozenset([END_OF_ROW, r"\cr", r"\tabularnewline"])
_CELL_ENDS: Ends = _ROW_ENDS | {"&"}
_PARAGRAPH_COLUMNS = "pmb"


def environment(
    reader: Reader,
    token: str,
    result: list[str],
    *,
    faithful: bool = False,
) -> None:
    r"""`\begin{...}` to `\end{...}`, in the form that the tables have for it.

    The paper's script ends the last row, too, which can be seen beside `aligned`; `faithful` does
    as the source does.
    """
    name = token[len(r"\begin{") : -1]
    forms = FAITHFUL_ENVIRONMENTS if faithful else ENVIRONMENTS
    form = forms.get(name.removesuffix("*"))
    if form is None:
        raise FormulaError("has an unknown environment")
    _skip_option(reader)
    columns = _columns(reader) if form.has_columns else []
    result += form.before
    result.append(rf"\begin{{{form.name}}}")
    if form.name in ("array", "subarray"):
        result += ["{", *(columns or form.columns), "}"]
    _rows(reader, result, aligned=form.aligned)
    if faithful and result[-1] == END_OF_ROW and reader.tokens[reader.at - 1] not in _ROW_ENDS:
        result.pop()
    reader.expect(rf"\end{{{name}}}")
    result.append(rf"\end{{{form.name}}}")
    result += form.after


def braced_rows(reader: Reader, token: str, result: list[str]) -> None:
    r"""`\pmatrix{a & b \cr c & d}`, as plain TeX writes it."""
    form = ENVIRONMENTS[token[1:]]
    reader.expect("{")
    result += [*form.before, rf"\begin{{{form.name}}}"]
    _rows(reader, result, aligned=False)
    reader.expect("}")
    result += [rf"\end{{{form.name}}}", *form.after]


def _columns(reader: Reader) -> list[str]:
    r"""The letters and lines of `{c|c@{\ }p{2cm}}`; widths and what stands between go."""
    tokens = reader.tokens
    end = closing_brace(tokens, reader.at) if reader.next == "{" else None
    if end is None:
        raise FormulaError("lacks an argument")
    result: list[str] = []
    at = reader.at + 1
    while at < end:
        token = tokens[at]
        if token == "{":
            at = closing_brace(tokens, at) or end
        elif token in ("l", "c", "r", "|"):
            result.append(token)
        elif token in _PARAGRAPH_COLUMNS:
            result.append("l")
        elif token == "*":
            raise FormulaError("has repeated columns")
        at += 1
    reader.at = end + 1
    return result


def _skip_option(reader: Reader) -> None:
    """`[t]` after an environment's name, `*` and `[2pt]` after a row."""
    if reader.next != "[":
        return
    start = reader.at + 1
    for end in range(start, min(start + 12, len(reader.tokens))):
        if reader.tokens[end] == "]":
            inside = "".join(reader.tokens[start:end])
            if inside in ("t", "b", "c") or is_length(inside):
                reader.at = end + 1
            return


def _rows(reader: Reader, result: list[str], *, aligned: bool) -> None:
    while True:
        while reader.next == r"\hline":
            reader.at += 1
            result.append(r"\hline")
        row: list[str] = []
        cells = 0
        while True:
            cell = reader.sequence(_CELL_ENDS)
            if cells or cell or reader.next == "&":
                row += _printed(cell, is_second=aligned and cells % 2 == 1)
            cells += 1
            if reader.next != "&":
                break
            reader.at += 1
            row.append("&")
        if row:
            result += [*row, END_OF_ROW]
        if reader.next not in _ROW_ENDS:
            return
        reader.at += 1
        _skip_option(reader)


def _printed(cell: list[str], *, is_second: bool) -> list[str]:
    """A cell in braces. One that has them keeps them, so that printing twice changes nothing."""
    if not is_second:
        return ["{", *unwrapped(cell), "}"]
    if is_group(cell) and cell[1:3] == ["{", "}"]:
        return cell
    return ["{", *([] if cell[:2] == ["{", "}"] else ["{", "}"]), *cell, "}"]


def stack(reader: Reader, token: str, result: list[str]) -> None:
    r"""`\substack`: lines in the argument. (The paper's script makes one line of them.)"""
    reader.expect("{")
    result += [token, "{", *reader.sequence(_ROW_ENDS)]
    while reader.next in _ROW_ENDS:
        reader.at += 1
        _skip_option(reader)
        result += [END_OF_ROW, *reader.sequence(_ROW_ENDS)]
    reader.expect("}")
    result.append("}")
