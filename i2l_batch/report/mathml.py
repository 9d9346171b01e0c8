"""LaTeX as MathML that is safe to show.

In: a formula without its delimiters. Out: MathML by math-core of which every element, attribute and
value is on a list, or nothing. Knows nothing of pages.

The pages allow no `style` attributes. The few properties that math-core sets by them (the lines of
a table, negative space) are checked as well and travel as `data-look`; the script sets them.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from i2l_batch.latex import to_mathml

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_DEEPEST = 200
"""Elements within each other; the deepest formula of the field's data sets has 30."""

ELEMENTS = frozenset(
    """
    math mrow mi mn mo mtext ms mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup
    munder mover munderover mmultiscripts mprescripts mtable mtr mtd
    """.split()
)
_LENGTH = r"-?(?:\d{1,4}(?:\.\d{0,9})?|\.\d{1,9})(?:em|rem|ex|px|pt|%)?"
_LINE = r"0\.\d+em (?:solid|dashed) currentcolor"


def _patterns(table: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for names, pattern in table.items() for name in names.split()}


ATTRIBUTES = _patterns(
    {
        "displaystyle stretchy fence separator symmetric largeop movablelimits": "true|false",
        "accent accentunder": "true|false",
        "display": "block|inline",
        "form": "prefix|infix|postfix",
        "mathvariant": "normal",
        "scriptlevel": r"[-+]?\d",
        "rowspan columnspan": r"\d{1,2}",
        "lspace rspace minsize maxsize width height depth voffset linethickness": _LENGTH,
        # Lines around and through a formula, which browsers leave to CSS.
        "class": "box|updiagonalstrike|downdiagonalstrike",
    }
)
LOOKS = _patterns(
    {
        "width margin-left padding-left padding-right padding-top padding-bottom": _LENGTH,
        "text-align": "left|right|center",
        "justify-items": "start|end|center",
        "border-left border-right border-top border-bottom": _LINE,
        "color": "#[0-9A-Fa-f]{6}",
        "math-shift": "compact",
        "font-weight": "bold",
        "font-style": "italic",
        "font-family": "monospace|sans-serif",
        "text-decoration": "underline",
    }
)

_FONTS = {
    "b": "font-weight:bold",
    "i": "font-style:italic",
    "em": "font-style:italic",
    "u": "text-decoration:underline",
    "code": "font-family:monospace",
    "span": "font-family:sans-serif",
}
"""What `\\textbf` and its kin put into a text, as the look of that text."""

_ENTITIES = {"&ApplyFunction;": "\u2061", "&InvisibleTimes;": "\u2062"}
"""Names that HTML knows and XML does not."""


def mathml(latex: str) -> str | None:
    """The formula as a `math` element; None if it does not parse or is not all on the lists."""
    text = to_mathml(latex)
    return None if text is None else checked(text)


def checked(text: str) -> str | None:
    """MathML as it may be shown; None if anything in it is not on the lists."""
    for name, character in _ENTITIES.items():
        text = text.replace(name, character)
    if "<!" in text or "<?" in text:  # no declarations, hence no entities of its own
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314
    except ElementTree.ParseError:
        return None
    if root.tag != "math":
        return None
    if not all(depth <= _DEEPEST and _allow(element) for element, depth in _walk(root)):
        return None
    root.set("xmlns", NAMESPACE)
    return ElementTree.tostring(root, encoding="unicode")


def _walk(root: Element) -> list[tuple[Element, int]]:
    """All elements in our own terms, each after its parent, and how deep they are."""
    found = [(root, 1)]
    for element, depth in found:
        _translate(element)
        found += ((child, depth + 1) for child in element)
    return found


def _translate(element: Element) -> None:
    """Styles become looks; so do fonts in a text. Enclosures become classes."""
    if element.tag == "mtext" and len(element) == 1 and not element.text:
        font = element[0]
        if font.tag in _FONTS and not len(font):
            element.text = font.text
            element.remove(font)
            element.set("style", _FONTS[font.tag])
    elif element.tag == "menclose":
        element.tag = "mrow"
        element.set("class", element.attrib.pop("notation", ""))
        for mark in element.findall("mrow[@class]"):  # an empty element to hang the line on
            element.remove(mark)
    style = element.attrib.pop("style", "")
    if style:
        element.set("data-look", style.replace(": ", ":").removesuffix(";"))


def _allow(element: Element) -> bool:
    return element.tag in ELEMENTS and all(
        _allow_look(value)
        if name == "data-look"
        else name in ATTRIBUTES and ATTRIBUTES[name].fullmatch(value)
        for name, value in element.attrib.items()
    )


def _allow_look(look: str) -> bool:
    pairs = (part.partition(":") for part in look.split(";"))
    return all(name in LOOKS and LOOKS[name].fullmatch(value) for name, _, value in pairs)
