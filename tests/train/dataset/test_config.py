"""Settings are checked on creation; options are read as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from i2l_batch.errors import UsageError
from i2l_batch.images import EM_PIXELS
from i2l_batch.train.commands.dataset import parse_dpi, parse_fonts, parse_split
from i2l_batch.train.dataset.config import PRESETS, DatasetConfig
from i2l_batch.train.dataset.fonts import FONTS


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fonts": (("comic", 1.0),)}, "no font 'comic': choose from computer-modern"),
        ({"fonts": (("times", 0.0),)}, "--font times=0: a share is more than 0"),
        ({"fonts": (("times", float("nan")),)}, "--font times=nan: a share is more than 0"),
        (
            {"fonts": (("times", float("inf")),)},
            "--font times=inf: a share is more than 0, at most",
        ),
        ({"fonts": (("times", 1e308),)}, "--font times=1e.308: a share is more than 0, at most"),
        ({"fonts": (("times", 0.5), ("times", 0.5))}, "give each font once"),
        ({"fonts": ()}, "give each font once"),
        ({"points": 14}, "--points 14: choose from 10, 11, 12"),
        ({"normalization": "mine"}, "--normalization mine: choose from paper, canonical, none"),
        ({"normalization": "none"}, "--boxes needs arguments in braces"),
        ({"rare": "keep"}, "--rare keep: choose from drop, unk"),
        ({"dpi": (200.0, 100.0)}, "--dpi 200-100: use 20 to 1200, the lower one first"),
        ({"dpi": (0.0, 100.0)}, "--dpi 0-100: use 20 to 1200"),
        ({"dpi": (float("nan"), 100.0)}, "--dpi nan-100: use 20 to 1200"),
        ({"split": (50.0, 20.0, 20.0)}, "--split 50/20/20: .* add up to 100"),
        ({"split": (120.0, -20.0, 0.0)}, "--split 120/-20/0: .* add up to 100"),
        ({"split": (float("nan"), 50.0, 50.0)}, "--split nan/50/50: .* add up to 100"),
        ({"min_tokens": 0}, "--min-tokens 0: use 1 or more"),
        ({"min_tokens": 9, "max_tokens": 8}, "--max-tokens 8 is less than --min-tokens 9"),
        ({"padding": -1}, "--padding -1: use 0 or more"),
        ({"max_width": 0}, "--max-width 0: use 1 or more"),
        ({"limit": 0}, "--limit 0: use 1 or more"),
        ({"min_frequency": -1}, "--min-frequency -1: use 0 or more"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DatasetConfig(**settings)


def test_the_paper_preset_is_the_paper() -> None:
    paper = PRESETS["paper"]
    assert (paper.normalization, paper.points, paper.dpi) == ("paper", 12, (200.0, 200.0))
    assert paper.fonts == (("computer-modern", 1.0),)
    assert (paper.min_tokens, paper.max_tokens, paper.min_frequency) == (4, 150, 50)
    assert (paper.max_width, paper.max_height) == (1086, 126)
    assert paper.split == (80.0, 10.0, 10.0)
    assert not paper.boxes
    assert not paper.pieces


def test_the_compact_preset_is_drawn_at_the_models_size() -> None:
    dpi = PRESETS["compact"].usual_dpi
    assert dpi is not None
    assert dpi * 10 / 72.27 == pytest.approx(EM_PIXELS)


def test_the_fonts_preset_keeps_whole_families_for_judging() -> None:
    fonts = dict(PRESETS["fonts"].fonts)
    assert len(fonts) >= 15
    assert sum(fonts.values()) == pytest.approx(100, abs=0.01)
    assert max(fonts, key=lambda font: fonts[font]) == "computer-modern"
    kept = FONTS.keys() - fonts
    assert kept == {"kpfonts", "libertinus", "libertine", "new-century", "stix", "stix2"}


def test_options_are_read() -> None:
    assert parse_split("80/10/10") == (80, 10, 10)
    assert parse_fonts(["times", "palatino=0.25"]) == (("times", 1.0), ("palatino", 0.25))
    assert parse_dpi("200") == (200, 200)
    assert parse_dpi("90-130.5") == (90, 130.5)


@pytest.mark.parametrize("text", ["", "80/20", "80/10/10/0", "a/b/c"])
def test_a_wrong_split_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=f"--split {text}: give three percentages"):
        parse_split(text)


@pytest.mark.parametrize("text", ["", "x", "90-", "-90", "90-x"])
def test_a_wrong_resolution_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=f"--dpi {text}: give a number, or a range"):
        parse_dpi(text)


def test_a_wrong_share_is_named() -> None:
    with pytest.raises(UsageError, match="--font times=much: the share is a number"):
        parse_fonts(["times=much"])
