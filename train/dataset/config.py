"""What goes into a data set: a frozen configuration, and the presets.

In: options. Out: a checked `DatasetConfig`. Knows nothing of files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from i2l_batch.errors import UsageError
from i2l_batch.images import EM_PIXELS
from i2l_batch.train.dataset.fonts import FONTS
from i2l_batch.train.dataset.normalize import STYLES, Style
from i2l_batch.train.dataset.tex import POINTS

Rare = Literal["drop", "unk"]
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

_EM_DPI = EM_PIXELS * 72.27 / POINTS[10]
"""Resolution at which a 10 pt body is `EM_PIXELS` pixels."""


_LARGEST_SHARE = 1e6
"""Of a font. Sums of shares must stay exact enough to be told apart."""

# Option to its least value.
_LEAST = {
    "limit": 1,
    "min_tokens": 1,
    "max_tokens": 1,
    "min_frequency": 0,
    "pieces": 0,
    "padding": 0,
    "max_width": 1,
    "max_height": 1,
    "shard_size": 1,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetConfig:
    """Everything that a data set depends on, besides its formula lists."""

    normalization: Style = "canonical"
    """How the formulas are spelled."""
    column: str | None = None
    """Column of JSON lines or CSV that holds the formula; null: the obvious one."""
    limit: int | None = None
    """Take only the first so many formulas of the lists together; null for all."""
    min_tokens: int = 3
    max_tokens: int = 100
    banned: tuple[str, ...] = ()
    """Formulas with one of these tokens are dropped."""
    min_frequency: int = 50
    """A token that occurs less often in the training formulas is rare."""
    rare: Rare = "drop"
    """Formulas with a rare token are dropped, or stay, and the token is unknown to the model."""
    pieces: int = 40
    """Longer training formulas also give a random part of at most so many tokens; 0 for none."""
    split: tuple[float, float, float] = (90.0, 5.0, 5.0)
    """Shares of training, validation and test, in percent. A given list takes its share's place."""
    seed: int = 0
    """Of the split, the order, the fonts, the sizes and the pieces."""
    fonts: tuple[tuple[str, float], ...] = (
        ("computer-modern", 0.85),
        ("times", 0.05),
        ("palatino", 0.05),
        ("txfonts", 0.05),
    )
    """Font families and their shares."""
    points: int = 10
    """Body size in points: 10, 11 or 12."""
    dpi: tuple[float, float] = (0.8 * _EM_DPI, 1.3 * _EM_DPI)
    """Range of the resolution, in dots per inch."""
    usual_dpi: float | None = _EM_DPI
    """Half of the pictures have exactly this resolution; null: all are spread over the range."""
    padding: int = 0
    """White pixels around the ink of a stored picture."""
    max_width: int | None = None
    """Largest width of the ink in pixels; null for no limit."""
    max_height: int | None = None
    boxes: bool = True
    """Also store the place of every token."""
    shard_size: int = 3000
    """Most formulas of a shard. Each font is a TeX run of its own, which takes 0.15 s to start."""

    def __post_init__(self) -> None:
        _check_choice("normalization", self.normalization, STYLES)
        _check_choice("rare", self.rare, get_args(Rare))
        _check_choice("points", self.points, tuple(POINTS))
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"--{name.replace('_', '-')} {value}: use {least} or more")
        if self.max_tokens < self.min_tokens:
            raise UsageError(
                f"--max-tokens {self.max_tokens} is less than --min-tokens {self.min_tokens}"
            )
        if min(self.split) < 0 or round(sum(self.split), 6) != 100:
            shares = "/".join(f"{share:g}" for share in self.split)
            raise UsageError(f"--split {shares}: give three percentages that add up to 100")
        if self.boxes and self.normalization == "none":
            raise UsageError(
                "--boxes needs arguments in braces: give another --normalization, or --no-boxes"
            )
        self._check_fonts()
        if not 20 <= self.dpi[0] <= self.dpi[1] <= 1200:
            low, high = self.dpi
            raise UsageError(f"--dpi {low:g}-{high:g}: use 20 to 1200, the lower one first")

    def _check_fonts(self) -> None:
        names = [font for font, _ in self.fonts]
        for font, share in self.fonts:
            if font not in FONTS:
                raise UsageError(f"no font {font!r}: choose from {', '.join(FONTS)}")
            if not 0 < share <= _LARGEST_SHARE:
                raise UsageError(
                    f"--font {font}={share:g}: a share is more than 0, at most {_LARGEST_SHARE:g}"
                )
        if not names or len(set(names)) < len(names):
            raise UsageError(f"--font {', '.join(names)}: give each font once")


def _check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise UsageError(f"--{name} {value}: choose from {', '.join(map(str, choices))}")


_MANY_FONTS = {
    "computer-modern": 25.0,
    **dict.fromkeys(["times", "newtx", "palatino", "newpx"], 4.0),
    **dict.fromkeys(["fourier", "charter", "utopia", "xcharter"], 3.5),
    **dict.fromkeys(["mlmodern", "txfonts", "pxfonts", "antykwa", "noto", "artemisia"], 3.0),
    **dict.fromkeys(["cochineal", "garamond", "baskervald", "baskerville", "erewhon"], 3.0),
    **dict.fromkeys(["latin-modern", "mathabx"], 2.0),
    **dict.fromkeys(["euler", "cm-bright", "euler-vm", "noto-sans"], 1.5),
    "arev": 1.0,
    **dict.fromkeys(["iwona", "kurier"], 0.5),
}
"""Most papers are in Computer Modern; kpfonts, libertinus, new-century and stix2, and what is drawn
like them, are kept for judging models on fonts that they never saw."""


PRESETS: dict[str, DatasetConfig] = {
    "compact": DatasetConfig(),
    # What the shipped model is trained on. Large shards, since each of the fonts is a run of TeX.
    "fonts": DatasetConfig(
        max_tokens=150, pieces=60, fonts=tuple(_MANY_FONTS.items()), shard_size=15_000
    ),
    # Paper, section 5 of the code's data pipeline: 12 pt at 200 dpi, sizes of its canvas.
    "paper": DatasetConfig(
        normalization="paper",
        min_tokens=4,
        max_tokens=150,
        banned=(r"\llap", r"\rlap", r"\rule", r"\tag"),
        min_frequency=50,
        rare="drop",
        pieces=0,
        split=(80.0, 10.0, 10.0),
        fonts=(("computer-modern", 1.0),),
        points=12,
        dpi=(200.0, 200.0),
        usual_dpi=None,
        max_width=1086,
        max_height=126,
        boxes=False,
    ),
}
"""For trying the compact model, for the shipped one, and the paper's data set (I2L-140K)."""
