r"""Which tokens may come next in a formula that is still being written.

In: the innermost open thing, a token's role. Out: yes or no. What is allowed can always be
completed to a formula that parses.
"""

from __future__ import annotations

from i2l_batch.grammar.roles import Content, Kind, Role
from i2l_batch.grammar.states import After, Frame, Place


def may_follow(frame: Frame, role: Role, text: str) -> bool:
    """Whether a token may come next."""
    kind, is_open = role.kind, role.kind is Kind.OPEN
    is_bare = role.is_bare and frame.content is Content.MATH
    match frame.place:
        case Place.SCRIPT:
            return is_open or is_bare or kind is Kind.COMMAND
        case Place.ARGUMENT | Place.OPTION_OR_ARGUMENT:
            return is_open or is_bare
        case Place.DELIMITER:
            return role.is_delimiter
        case Place.NEGATED:
            return role.is_negatable
        case _:
            pass
    if kind is Kind.CLOSE:
        may_be_empty = frame.content not in (Content.COLUMNS, Content.LENGTH)
        return frame.place is Place.GROUP and (may_be_empty or frame.cells > 0)
    if frame.content not in (Content.MATH, Content.ROWS):
        return _may_stand_in(frame, role, text)
    return _may_stand_in_math(frame, role, text)


def _may_stand_in(frame: Frame, role: Role, text: str) -> bool:
    """Whether a token may stand where mathematics may not."""
    match frame.content:
        case Content.LENGTH:
            return role.kind is Kind.LENGTH and not frame.cells
        case Content.COLUMNS:
            return role.is_column or text == "|"
        case _:
            return frame.content in role.inside


def _may_stand_in_math(frame: Frame, role: Role, text: str) -> bool:
    match role.kind:
        case Kind.NEVER | Kind.LENGTH | Kind.CLOSE:
            return False
        case Kind.SCRIPT:
            return text not in frame.scripts and frame.after is not After.CELL
        case Kind.PRIME:
            return "^" not in frame.scripts and frame.after is not After.CELL
        case Kind.LIMITS:
            return frame.after is After.OPERATOR
        case Kind.INFIX:
            return not frame.is_split and frame.place is not Place.OPTION
        case Kind.CELL:
            is_empty = frame.after in (After.START, After.ROW, After.CELL, After.RULE)
            in_row = frame.cells > 1 or (frame.may_widen and not is_empty)
            return frame.place is Place.ENVIRONMENT and in_row
        case Kind.ROW:
            in_rows = frame.place in (Place.FORMULA, Place.ENVIRONMENT)
            return in_rows or frame.content is Content.ROWS
        case Kind.RULE:
            return frame.has_rules and frame.after in (After.START, After.ROW)
        case Kind.RIGHT:
            return frame.place is Place.LEFT
        case Kind.END:
            return frame.environment == role.environment
        case Kind.SIZED if text == r"\middle":
            return frame.place is Place.LEFT
        case _:
            pass
    # TeX would take the bracket for an option, or the first `]` for the option's end.
    begun = frame.place is Place.ENVIRONMENT and frame.after in (After.START, After.ROW)
    if text == "[":
        return frame.place is not Place.OPTION and not begun and frame.after is not After.ROW
    # Nor does a change of the style end at the bracket.
    fits_option = role.fits_option and role.kind not in (Kind.LEFT, Kind.BEGIN)
    return frame.place is not Place.OPTION or fits_option
