"""What a formula may not hold if TeX is to set it among others: a check before TeX sees it.

In: tokens. Out: the reason why not, or None. Three things are kept out: reading and writing,
changing how TeX reads what follows, and closing a group that the formula did not open. All else is
TeX's to judge: an error there rejects the formula alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from i2l_batch.latex import tokenize

_ENVIRONMENTS = frozenset(
    """
    array matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases aligned alignedat
    gathered split subarray
    """.split()
)
_COMMANDS = frozenset(
    # files, the terminal, the run
    r"""
    input include includeonly endinput openin openout closein closeout read readline write immediate
    InputIfFileExists IfFileExists bibliography special message typeout errmessage wlog typein show
    showbox showthe showlists showtokens showgroups showifs batchmode nonstopmode scrollmode
    errorstopmode interactionmode begin end stop bye dump shipout output jobname newpage clearpage
    cleardoublepage pagebreak onecolumn twocolumn
    """.split()
    # commands by their name
    + r"UseName ExpandArgs UseHook UseHookWithArguments".split()
    # definitions and registers
    + r"""
    def edef gdef xdef let futurelet newcommand renewcommand providecommand newtheorem
    newenvironment renewenvironment newfont newcount newdimen newskip newmuskip newbox
    newtoks newif newread newwrite newcounter newlength newsavebox chardef mathchardef countdef
    dimendef skipdef muskipdef toksdef font fontdimen hyphenchar skewchar hyphenation patterns
    language global globaldefs long outer protected afterassignment aftergroup advance multiply
    divide numexpr dimexpr glueexpr muexpr count dimen skip muskip toks setlength addtolength
    setcounter addtocounter stepcounter refstepcounter usecounter hsize vsize hoffset voffset mag
    lpcode rpcode efcode tagcode knbscode stbscode shbscode knbccode knaccode
    """.split()
    # how the rest is read
    + r"""
    catcode mathcode delcode lccode uccode sfcode lowercase uppercase escapechar endlinechar
    newlinechar csname endcsname expandafter noexpand unexpanded string meaning detokenize
    scantokens the number romannumeral verb loop iterate repeat else fi or makeatletter makeatother
    obeylines obeyspaces usepackage RequirePackage documentclass
    """.split()
    # groups and boxes that the formula could tear
    + r"""
    begingroup endgroup bgroup egroup setbox box copy unhbox unhcopy unvbox unvcopy lastbox vsplit
    vadjust insert mark marks halign valign par vskip vfil vfill
    """.split()
    # numbering and references, which a single formula cannot have; and our own two commands
    + r"tag label ref eqref pageref cite footnote footnotetext C ship".split()
)
_PREFIXES = tuple(
    r"""
    \pdf \lua \directlua \latelua \XeTeX \if \every \tracing \Generic \Package \Class \AtBegin
    \AtEnd \AddToHook \New \Renew \Provide \Declare \Expl
    """.split()
)
_COMMENTS = ("%", r"\left%", r"\right%")
_NAME = re.compile(r"\\[A-Za-z]+")
# Braces are no delimiters: TeX would open or close a group.
_TORN = tuple(side + brace for side in (r"\left", r"\right") for brace in "{}")
# Several tokens in one would be judged by the first alone.
_SINGLE = re.compile(r"\\[A-Za-z]+\*?|\\?.")


def objection(tokens: Sequence[str]) -> str | None:
    """Why this formula must not be given to TeX; None when it may."""
    depth = 0
    environments: list[str] = []
    before = ""
    for token in _single(tokens):
        if token[0] == before[-1:] == "^":
            return "holds ^^, with which TeX writes characters by their code"
        before = token
        if token in _COMMENTS:
            return "holds a comment"
        if token in ("{", "}"):
            depth += 1 if token == "{" else -1
            if depth < 0:
                return "closes a group that is not open"
        elif token.startswith((r"\begin{", r"\end{")):
            command, name = token[1:-1].split("{")
            if name.rstrip("*") not in _ENVIRONMENTS:
                return f"holds the environment {name}, which formulas may not use"
            if command == "begin":
                environments.append(name)
            elif not environments or environments.pop() != name:
                return f"ends the environment {name}, which is not open"
        elif token[0] == "\\" and _is_forbidden(token):
            return f"holds {token}, which formulas may not use"
    if depth:
        return "leaves a group open"
    return f"leaves the environment {environments[-1]} open" if environments else None


def _single(tokens: Sequence[str]) -> Iterator[str]:
    """The tokens, and what is several in one taken apart."""
    for token in tokens:
        if _SINGLE.fullmatch(token):
            yield token
        else:
            yield from tokenize(token)


@lru_cache(maxsize=4096)
def _is_forbidden(token: str) -> bool:
    r"""Whether TeX must not see a command, or the one within (`\left\input`)."""
    return token in _TORN or any(
        name[1:] in _COMMANDS or (name != r"\iff" and name.startswith(_PREFIXES))
        for name in _NAME.findall(token)
    )
