r"""Arguments in braces, and which groups are arguments.

In: tokens, or a sequence of nodes. Knows nothing of what a command draws.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from i2l_batch.canonical.tree import Node
from i2l_batch.latex import WITH_OPTION, after_option, num_arguments

_IS_OPENER = re.compile(r"\\(begin|end|left|right)(?![A-Za-z])").match


def brace_arguments(tokens: Sequence[str]) -> list[str]:
    r"""The same formula with braces around bare one-token arguments: `\hat x`, `x ^ 2`."""
    result: list[str] = []
    outer: list[int] = []  # per open group, the arguments its command still wants after it
    wanted = 0
    option_end = 0  # of the brackets of `\sqrt [ 3 ]`, which are no argument themselves
    for i, token in enumerate(tokens):
        if i < option_end:
            continue
        if i and tokens[i - 1] in WITH_OPTION and (end := after_option(tokens, i)) > i:
            result += ["[", *brace_arguments(tokens[i + 1 : end - 1]), "]"]
            option_end = end
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
