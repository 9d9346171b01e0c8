r"""Font families by name: the lines of a preamble that choose each, its symbols, its bold letters.

Only tables. amsmath is loaded before them.
"""

from __future__ import annotations

_SYMBOLS = r"\usepackage{amssymb,bm,mathrsfs}"

RECOMMENDED: dict[str, str] = {
    "computer-modern": _SYMBOLS,
    "times": rf"{_SYMBOLS}\usepackage{{mathptmx}}",
    "palatino": rf"{_SYMBOLS}\usepackage{{mathpazo}}",
    "txfonts": rf"{_SYMBOLS}\usepackage{{txfonts}}",
    "pxfonts": rf"{_SYMBOLS}\usepackage{{pxfonts}}",
    "euler": rf"{_SYMBOLS}\usepackage{{euler}}",
}
"""In TeX Live's recommended packages."""

EXTRA_PACKAGE = "texlive-fonts-extra, lmodern"

EXTRA: dict[str, str] = {
    "latin-modern": rf"{_SYMBOLS}\usepackage{{lmodern}}",
    "newtx": rf"{_SYMBOLS}\usepackage{{newtxtext,newtxmath}}",
    "newpx": rf"{_SYMBOLS}\usepackage{{newpxtext,newpxmath}}",
    "fourier": rf"{_SYMBOLS}\usepackage{{fourier}}",
    "kpfonts": rf"{_SYMBOLS}\usepackage{{kpfonts}}",
    "cm-bright": rf"{_SYMBOLS}\usepackage{{cmbright}}",
    "euler-vm": rf"{_SYMBOLS}\usepackage{{eulervm}}",
    "arev": rf"{_SYMBOLS}\usepackage{{arev}}",
    "iwona": rf"{_SYMBOLS}\usepackage[math]{{iwona}}",
    "kurier": rf"{_SYMBOLS}\usepackage[math]{{kurier}}",
    "charter": rf"{_SYMBOLS}\usepackage[charter]{{mathdesign}}",
    "utopia": rf"{_SYMBOLS}\usepackage[utopia]{{mathdesign}}",
    "libertinus": rf"{_SYMBOLS}\usepackage{{libertinus}}\usepackage{{libertinust1math}}",
    "antykwa": rf"{_SYMBOLS}\usepackage[math]{{anttor}}",
    "new-century": rf"{_SYMBOLS}\usepackage{{fouriernc}}",
    "mathabx": rf"{_SYMBOLS}\usepackage{{mathabx}}",
    "xcharter": rf"{_SYMBOLS}\usepackage{{XCharter}}\usepackage[xcharter]{{newtxmath}}",
    "libertine": rf"{_SYMBOLS}\usepackage{{libertine}}\usepackage[libertine]{{newtxmath}}",
    "mlmodern": rf"{_SYMBOLS}\usepackage{{mlmodern}}",
    "cochineal": rf"{_SYMBOLS}\usepackage{{cochineal}}\usepackage[cochineal]{{newtxmath}}",
    "garamond": rf"{_SYMBOLS}\usepackage{{ebgaramond}}\usepackage[ebgaramond]{{newtxmath}}",
    "baskervald": rf"{_SYMBOLS}\usepackage{{Baskervaldx}}\usepackage[baskervaldx]{{newtxmath}}",
    "baskerville": rf"{_SYMBOLS}\usepackage{{baskervillef}}\usepackage[baskervillef]{{newtxmath}}",
    "erewhon": rf"{_SYMBOLS}\usepackage{{erewhon}}\usepackage[erewhon]{{newtxmath}}",
    "noto": rf"{_SYMBOLS}\usepackage{{notomath}}",
    "noto-sans": rf"{_SYMBOLS}\usepackage[sfdefault]{{notomath}}",
    "artemisia": rf"{_SYMBOLS}\usepackage{{gfsartemisia}}",
    # These bring the symbols themselves.
    "stix": r"\usepackage{stix}\usepackage{bm}",
    "stix2": r"\usepackage{stix2}\usepackage{bm}",
}
"""In the package of TeX Live that holds all other fonts, and one beside it."""

FONTS: dict[str, str] = RECOMMENDED | EXTRA
"""All by name."""

_SCRIPTS = frozenset([r"\mathcal", r"\mathscr"])

NOT_SHOWN: dict[str, frozenset[str]] = {
    "times": _SCRIPTS | {r"\boldsymbol", r"\epsilon", r"\varepsilon", r"\varrho"},
    "euler": frozenset([r"\varrho"]),
    "pxfonts": frozenset([r"\Big"]),
    "fourier": frozenset([r"\bigg"]),
    "new-century": frozenset([r"\bigg"]),
    "euler-vm": frozenset([r"\varrho", r"\leqslant", r"\hslash"]),
    "arev": frozenset([r"\varnothing"]),
    "libertinus": frozenset([r"\varnothing", r"\hslash"]),
    "noto-sans": frozenset([r"\mathsf"]),
    "iwona": frozenset([r"\mathsf", r"\mathtt"]),
    "kurier": frozenset([r"\mathsf", r"\mathtt"]),
    "antykwa": frozenset([r"\mathsf", r"\mathtt"]),
    "charter": _SCRIPTS,
    "utopia": _SCRIPTS,
    "mathabx": frozenset([r"\leqslant"]),
}
"""Tokens that a font draws exactly as others, so that its pictures would teach what cannot be seen.

Where either could be the one that is drawn, both are here. Found by comparing pictures at 600
dpi."""
