"""`i2l evaluate`: scores of a model that is known, and errors that say which line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import UsageError
from i2l_batch.extract import extract_chunk
from i2l_batch.images import decode_png
from i2l_batch.train.evaluation.evaluate import EvaluateConfig, evaluate, read_truth
from i2l_batch.transcriber import Transcriber
from tests.conftest import EXAMPLES

IMAGES = EXAMPLES / "formulas"
CONFIG = EvaluateConfig(images=IMAGES, beam_size=1, device="cpu")


def test_the_examples_have_scores(checkpoint: Path, tmp_path: Path) -> None:
    predictions = tmp_path / "predictions.jsonl"
    report = evaluate(checkpoint, EXAMPLES / "formulas.jsonl", CONFIG, predictions)
    assert report.raw.num_formulas == len(list(IMAGES.iterdir()))
    assert report.raw.exact_match == 0
    assert 0 <= report.valid <= 1
    assert [line.split()[-3:] for line in report.table().splitlines()[1:2]] == [
        ["BLEU", "edit", "exact"]
    ]
    truth, answers = (
        [json.loads(line) for line in path.read_text().splitlines()]
        for path in (EXAMPLES / "formulas.jsonl", predictions)
    )
    assert [a["image"] for a in answers] == [t["image"] for t in truth]
    assert [a["latex"] for a in answers] == [t["latex"] for t in truth]


def test_a_model_is_right_about_what_it_says_itself(checkpoint: Path, tmp_path: Path) -> None:
    transcriber = Transcriber(checkpoint, beam_size=1)
    lines = []
    for path in sorted(IMAGES.iterdir()):
        found = extract_chunk(str(path), "image", ExtractConfig(images="crop"))
        (answer,) = transcriber.transcribe([decode_png(found.crops[0].png)])
        lines.append(json.dumps({"img": str(path), "latex": answer.latex}))
    (tmp_path / "truth.jsonl").write_text("\n".join(lines) + "\n\n")
    report = evaluate(checkpoint, tmp_path / "truth.jsonl", CONFIG)
    assert (report.raw.exact_match, report.raw.edit_distance) == (1, 0)
    assert report.canonical.exact_match == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "truth.jsonl:2 is no JSON"),
        ("[]", "truth.jsonl:2 is no JSON object"),
        ('{"image": "a.png"}', "truth.jsonl:2 needs the keys `image` and `latex`"),
        ('{"image": 1, "latex": "x"}', "truth.jsonl:2 needs the keys `image` and `latex`"),
        ('{"image": "none.png", "latex": "x"}', "none.png does not exist: see --images"),
        ('{"image": "none.txt", "latex": "x"}', "none.txt is no image"),
    ],
)
def test_a_bad_line_is_named(line: str, message: str, tmp_path: Path, checkpoint: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    truth.write_text('{"image": "euler.png", "latex": "x"}\n' + line)
    with pytest.raises(UsageError, match=message) as caught:
        evaluate(checkpoint, truth, CONFIG)
    assert "\n" not in str(caught.value)


def test_only_what_is_wanted_is_measured(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    latex = ["a", "a + b", "a + b + c", "d"]
    truth.write_text("\n".join(json.dumps({"image": f"{t}.png", "latex": t}) for t in latex))
    some = read_truth(truth, EvaluateConfig(max_tokens=3, limit=3))
    assert [label for _, label in some] == ["a", "a + b", "d"]
    assert len(read_truth(truth, EvaluateConfig(limit=2))) == 2
    truth.write_text(json.dumps({"image": "x.png", "latex": "a + b"}))
    with pytest.raises(UsageError, match="holds no formula of at most 1 tokens"):
        read_truth(truth, EvaluateConfig(max_tokens=1))
    with pytest.raises(UsageError, match="cannot read"):
        read_truth(tmp_path / "none.jsonl", EvaluateConfig())
