r"""Arguments in braces, and which groups are arguments.

In: tokens, or a sequence of nodes. Knows nothing of what a command draws.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from i2l_batch.canonical.tree import Node
from i2l_batch.latex import WITH_OPTION, after_option, closing_brace, num_arguments

_IS_OPENER = re.compile(r"\\(begin|end|left|right)(?![A-Za-z])").match


def brace_arguments(tokens: Sequence[str]) -> list[str]:
    r"""The same formula with braces around bare arguments: `\hat x`, `x ^ 2`, `x _ \mathrm { a }`.

    A command with arguments can be bare in a script alone: other commands would take its name.
    """
    result: list[str] = []
    outer: list[int] = []  # per open group, the arguments its command still wants after it
    wanted = 0
    done = 0
    for i, token in enumerate(tokens):
        if i < done:
            continue
        if i and tokens[i - 1] in WITH_OPTION and (end := after_option(tokens, i)) > i:
            # The brackets of `\sqrt [ 3 ]` are no argument themselves.
            result += ["[", *brace_arguments(tokens[i + 1 : end - 1]), "]"]
            done = end
            continue
        if i and tokens[i - 1] in ("_", "^") and num_arguments(token) and not _IS_OPENER(token):
            end = _after_argument(tokens, i)
            if end is not None:
                result += ["{", *brace_arguments(tokens[i:end]), "}"]
                wanted = 0
                done = end
                continue
        if token == "{":
            outer.append(max(wanted - 1, 0))
            wanted = 0
        elif token == "}":
            wanted = outer.pop() if outer else 0
        elif token in ("_", "^"):
            wanted = 1
        elif num_arguments(token):
            wanted = num_arguments(token)
        elif wanted and token not in ("&", r"\\") and not _IS_OPENER(token):
            wanted -= 1
            result += ["{", token, "}"]
            continue
        else:
            wanted = 0
        result.append(token)
    return result


def _after_argument(tokens: Sequence[str], start: int) -> int | None:
    """Index after the argument at `start`: a group, a command with its own, or a token."""
    if start >= len(tokens) or tokens[start] in ("}", "&", r"\\"):
        return None
    if tokens[start] == "{":
        close = closing_brace(tokens, start)
        return None if close is None else close + 1
    at: int | None = start + 1
    if tokens[start] in WITH_OPTION:
        at = after_option(tokens, start + 1)
    for _ in range(num_arguments(tokens[start])):
        at = None if at is None else _after_argument(tokens, at)
    return at


def owners(nodes: Sequence[Node]) -> list[str | None]:
    """Per node, the command or script whose argument it is; null for what stands by itself.

    The brackets of an option, and what is between them, belong to the option's command.
    """
    result: list[str | None] = [None] * len(nodes)
    for i, node in enumerate(nodes):
        if not isinstance(node, str) or result[i] is not None:
            continue
        wanted = 1 if node in ("_", "^") else num_arguments(node)
        at = i + 1
        if node in WITH_OPTION and nodes[at : at + 1] == ["["] and "]" in nodes[at:]:
            end = at + nodes[at:].index("]") + 1
            result[at:end] = [node] * (end - at)
            at = end
        for k in range(at, min(at + wanted, len(nodes))):
            if isinstance(nodes[k], str):
                break
            result[k] = node
    return result
