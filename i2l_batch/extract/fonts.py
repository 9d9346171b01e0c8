"""What a font's name and a piece of text say about being mathematics.

In: a font name as the PDF gives it, or a string. Out: yes or no. Knows nothing of pages.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MATH_FONTS = re.compile(
    r"""^(?:
      CM(?:MI|SY|EX|BSY|MIB|SSMI)\d* | LM(?:Math|MI|SY|EX).* | latinmodern-?math.* | lmmath.*
    | M[ST]A?[AB]?M\d+ | MS[AB]M.* | EU(?:FM|FB|RM|RB|SM|SB|EX).* | RSFS.* | WASY.* | stmary.*
    | BBM.* | bbold.* | ds(?:rom|ss).* | DSSerif.* | esint.* | M[nd]Symbol.* | math[abcx].*
    | .*STIX.*Math.* | STIX(?:General|Size|Nonunicode|Variants|Integrals).*
    | stix.*(?:math|sy|ex|sfit).* | XITS.*Math.* | .*Cambria-?Math.*
    | .*Math(?:-?(?:Regular|Bold|Italic|It))?$
    | r?(?:tx|px)(?:b?mi|b?sy|b?ex|sya|syb|syc|exa|mia|b?sy.).* | New(?:TX|PX)(?:B?MI|Math).*
    | (?:ntx|npx|zplm|zptm|nx)(?:b?mi|b?sy|b?ex|exx|mia|syn?).* | ztm.* | zpl.*m
    | MT(?:MI|SY|EX|MU|GU).* | MT-?Extra.* | RM?TM(?:I|S).*
    | (?:Mathematica|MathematicalPi|Universal-GreekwithMathPi).* | Math(?:Pi|Type|Tech).*
    | Symbol(?:MT|Std|PS|Set|Tiger)?(?:[-,].*)? | OpenSymbol | AppleSymbols
    | StandardSymL.* | StandardSymbolsPS
    | Euclid(?:Symbol|Extra|Fraktur|MathOne|MathTwo|Math).* | WP-?MathA?.* | Asana.*
    | (?:Libertinus|Fira|Garamond|Erewhon|Kp|Concrete|NewCM|XCharter).*Math.*
    | jkp(?:mi|bmi|syd?|exa?|bsy).* | kp(?:mi|sy|ex).*
    | (?:fut|four|fourier).*(?:m|sy|ex|mi|mil)\d?$ | Fourier-Math.* | LucidaNewMath.*
    | (?:md|put|bch|ugm)(?:put|bch|ugm)?r?(?:7m|7y|7v).* | LBM.* | lbm[a-z]\w* | hlc[amre].*
    | PazoMath.* | fplm.* | BlexMath.* | Advp4C4E.* | AdvPSSym.* | TeX-?(?:cm(?:mi|sy|ex)|ms[ab]m).*
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
"""Families that set formulas only: TeX's own, companions of text fonts, Office, MathType."""

_NAMES = """
sin cos tan cot sec csc sinh cosh tanh coth sech arcsin arccos arctan log ln lg exp lim limsup
liminf max min sup inf arg argmax argmin det dim ker deg gcd hom Pr tr Tr rank diag sgn sign mod
span vec erf erfc Re Im Var Cov Res Li Ai Bi curl div grad rot ind SL SU SO GL const supp softmax
ReLU conv prox dist vol id Id ad Ad Aut End Hom Ext Tor Spec dx dy dz dt ds du dv dr if
"""
_OPERATOR_WORDS = frozenset(_NAMES.split())
"""Words of two letters or more that stand in formulas and say nothing about prose."""

_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏﬀ-ﬆа-яА-Я]{2,}(?![A-Za-z]*\()|\b(?:i\.e|e\.g)\.")

_MATH_CHARS = re.compile(
    "[=+×÷±∓<>≤≥≠≈≡∝∞∂∇∑∏∫√∈∉⊂⊆∪∩∧∨∀∃→←↔⇒⇐⇔↦∼≃≅⊕⊗⊥∥·∗⋅…⋯∘′″"
    "\u0391-\u03c9\u2102-\u2138\u2190-\u22ff\u27c0-\u27ef\u2900-\u2aff"
    "\U0001d400-\U0001d7ff]"
)


@lru_cache(maxsize=4096)
def is_math_font(name: str) -> bool:
    """Whether a font of this name sets nothing but formulas (`ABCDEF+` subset tags are ignored)."""
    name = name.split("+", 1)[-1]
    for suffix in ("-Identity-H", "-Identity", "-Regular-Identity-H"):
        name = name.removesuffix(suffix)
    return _MATH_FONTS.match(name) is not None


@lru_cache(maxsize=4096)
def is_nameless_font(name: str) -> bool:
    """Whether a font has no name but one that a program gave it, as bitmap fonts do."""
    return re.fullmatch(r"(?:[A-Z]{1,2}\d+(?:_\d+)?|Unnamed.*|Type ?3.*|)", name) is not None


@lru_cache(maxsize=20000)
def count_word_letters(text: str) -> int:
    """Letters in words of prose; names of operators and of functions before `(` are no words."""
    words = [word for word in _WORD.findall(text) if word not in _OPERATOR_WORDS]
    return sum(len(word) for word in words if len(word) > 2 or _is_short_word(word))


def _is_short_word(word: str) -> bool:
    """Whether two letters are a word such as `of` or `We`, and no product such as `yy` or `AB`."""
    return word[1:].islower() and sum(letter in "aeiouy" for letter in word.lower()) == 1


@lru_cache(maxsize=20000)
def has_math_chars(text: str) -> bool:
    """Whether there is a relation, an operator, a Greek letter or another sign of formulas."""
    return _MATH_CHARS.search(text) is not None
