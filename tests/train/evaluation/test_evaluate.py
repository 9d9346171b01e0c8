"""`i2l evaluate`: scores of a model that is known, files that agree with the report, errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from i2l_batch.cli import main
from i2l_batch.config import ExtractConfig
from i2l_batch.errors import RenderError, UsageError
from i2l_batch.extract import extract_chunk
from i2l_batch.images import decode_png
from i2l_batch.latex import tokenize
from i2l_batch.metrics import score
from i2l_batch.train.evaluation.dataset_split import DatasetSplit
from i2l_batch.train.evaluation.evaluate import EvaluateConfig, evaluate_model, evaluate_results
from i2l_batch.train.evaluation.image_list import ImageList
from i2l_batch.train.evaluation.predictions import PREDICTION_SCHEMA, prediction_file
from i2l_batch.train.evaluation.summary import judged
from i2l_batch.train.evaluation.truth import label
from i2l_batch.transcriber import Transcriber
from tests.conftest import EXAMPLES
from tests.formula_samples import add, latex, open_store
from tests.train.evaluation.tiny_dataset import write_dataset

IMAGES = EXAMPLES / "formulas"
TRUTH = EXAMPLES / "formulas.jsonl"
CONFIG = EvaluateConfig(
    images=IMAGES, beam_size=1, device="cpu", image_match=False, workers=0, batch_size=2
)
needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is missing")
EM = 20.0


def pictures() -> dict[Path, np.ndarray]:
    """The example images as the pipeline gives them to a model."""
    config = ExtractConfig(images="crop")
    return {
        path: decode_png(extract_chunk(str(path), "image", config).crops[0].png)
        for path in sorted(IMAGES.iterdir())
    }


def test_the_files_say_what_the_report_says(checkpoint: Path, tmp_path: Path) -> None:
    report = evaluate_model(checkpoint, TRUTH, CONFIG, tmp_path / "out")
    said = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    table = pq.read_table(tmp_path / "out" / "predictions.parquet")
    assert table.schema.equals(PREDICTION_SCHEMA)
    rows = table.to_pylist()
    truth = [json.loads(line) for line in TRUTH.read_text().splitlines()]
    assert [(row["id"], row["latex"]) for row in rows] == [(t["image"], t["latex"]) for t in truth]
    scores = score([tokenize(row["prediction"]) for row in rows], [row["tokens"] for row in rows])
    overall = said["overall"]
    figures = overall["labels_as_they_are"]
    assert figures["bleu"] == scores.bleu
    assert figures["edit_distance"] == pytest.approx(scores.edit_distance)
    assert figures["exact_match"] == scores.exact_match == 0
    assert overall["valid"] == sum(row["valid"] for row in rows) / len(rows)
    assert sum(part["formulas"] for part in said["bins"]) == said["data"]["formulas"] == len(rows)
    assert said["model"]["architecture"] == "compact"
    assert set(said["metrics"]) >= {"bleu", "image_match_harvard", "image_match_strict"}
    assert said["blank_pictures"]["formulas"] == len(rows)
    assert report.table().count("\n") >= 12


def test_a_model_is_right_about_what_it_says_itself(checkpoint: Path, tmp_path: Path) -> None:
    transcriber = Transcriber(checkpoint, beam_size=1)
    lines = []
    for path, picture in pictures().items():
        (answer,) = transcriber.transcribe([picture])
        lines.append(json.dumps({"img": str(path), "latex": answer.latex}))
    (tmp_path / "truth.jsonl").write_text("\n".join(lines) + "\n\n")
    overall = evaluate_model(checkpoint, tmp_path / "truth.jsonl", CONFIG).as_json()["overall"]
    for form in ("labels_as_they_are", "canonical_form"):
        assert overall[form]["exact_match"] == 1
        assert overall[form]["edit_distance"] == 0


@pytest.fixture(scope="module")
def dataset(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example pictures with what the model says of them at a body size of `EM` pixels."""
    greys = list(pictures().values())
    answers = Transcriber(checkpoint, beam_size=1).transcribe(greys, [EM] * len(greys))
    formulas = [(answer.latex, grey) for answer, grey in zip(answers, greys, strict=True)]
    return write_dataset(tmp_path_factory.mktemp("data") / "ds", formulas, em=EM)


def test_a_data_set_is_read_at_its_body_size(checkpoint: Path, dataset: Path) -> None:
    said = evaluate_model(checkpoint, dataset, CONFIG).as_json()
    assert said["overall"]["labels_as_they_are"]["exact_match"] == 1
    assert (said["data"]["name"], said["data"]["split"]) == ("tiny", "test")
    assert said["data"]["formulas"] == len(list(IMAGES.iterdir()))


@pytest.mark.parametrize("size", [1, 3, 100])
def test_samples_do_not_depend_on_batches(dataset: Path, size: int) -> None:
    for truth in (DatasetSplit(dataset, "test"), ImageList(TRUTH, images=IMAGES)):
        whole = [s.label for batch in truth.batches(1000) for s in batch]
        parts = list(truth.batches(size))
        assert [s.label for batch in parts for s in batch] == whole
        assert len(whole) == len(truth)
        assert {len(batch) for batch in parts[:-1]} <= {size}
    names = [s.label.name for batch in DatasetSplit(dataset, "test").batches(5) for s in batch]
    assert names[2:5] == [
        "test/part-00000.parquet:2",
        "test/part-00001.parquet:0",
        "test/part-00001.parquet:1",
    ]


def test_only_what_is_wanted_is_measured(dataset: Path) -> None:
    for every in (DatasetSplit(dataset, "test"), ImageList(TRUTH, images=IMAGES)):
        lengths = [len(s.label.tokens) for batch in every.batches(9) for s in batch]
        most = sorted(lengths)[3]
        for limit in (1, 2, 100, None):
            some = (
                DatasetSplit(dataset, "test", max_tokens=most, limit=limit)
                if isinstance(every, DatasetSplit)
                else ImageList(TRUTH, images=IMAGES, max_tokens=most, limit=limit)
            )
            left = [len(s.label.tokens) for batch in some.batches(2) for s in batch]
            assert left == [n for n in lengths if n <= most][:limit]
            assert len(some) == len(left)


def test_what_is_no_data_set_is_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no split 'validation': it has test"):
        DatasetSplit(dataset, "validation")
    with pytest.raises(UsageError, match="holds no formula of at most 0 tokens"):
        DatasetSplit(dataset, "test", max_tokens=0)
    with pytest.raises(UsageError, match=r"not a finished data set: no dataset\.json"):
        DatasetSplit(tmp_path, "test")
    with pytest.raises(UsageError, match="cannot read"):
        ImageList(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "truth.jsonl:2 is no JSON"),
        ("[]", "truth.jsonl:2 is no JSON object"),
        ('{"image": "a.png"}', "truth.jsonl:2 needs the key `latex`"),
        ('{"image": 1, "latex": "x"}', "truth.jsonl:2 needs the key `image` or `img`"),
        ('{"image": "none.png", "latex": "x"}', "none.png does not exist: see --images"),
        ('{"image": "none.txt", "latex": "x"}', "none.txt is no image"),
    ],
)
def test_a_bad_line_is_named(line: str, message: str, tmp_path: Path, checkpoint: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    truth.write_text('{"image": "euler.png", "latex": "x"}\n' + line)
    with pytest.raises(UsageError, match=message) as caught:
        evaluate_model(checkpoint, truth, CONFIG)
    assert "\n" not in str(caught.value)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    with open_store(tmp_path / "results") as store:
        add(store, "a.pdf", formulas=2)
    return tmp_path / "results"


def test_results_are_measured_and_what_is_missing_counts_as_empty(
    results: Path, tmp_path: Path
) -> None:
    records = [
        {"source": "a.pdf", "index": 0, "latex": latex("a.pdf", "v1", 0)},
        {"source": "a.pdf", "index": 1, "latex": "x"},
        {"source": "b.pdf", "latex": "a b c"},
    ]
    truth = tmp_path / "truth.jsonl"
    truth.write_text("\n".join(map(json.dumps, records)))
    report = evaluate_results(results, truth, CONFIG, tmp_path / "out")
    said = report.as_json()
    figures = said["overall"]["labels_as_they_are"]
    wrong = len(tokenize(latex("a.pdf", "v1", 1)))
    assert figures["exact_match"] == pytest.approx(1 / 3)
    assert figures["edit_distance"] == pytest.approx((0 + wrong + 1) / 3)
    assert said["overall"]["unanswered"] == 1
    assert said["model"]["sha256"] == "ab" * 32
    assert said["blank_pictures"] is None
    rows = pq.read_table(tmp_path / "out" / "predictions.parquet").to_pylist()
    assert [row["prediction"] is None for row in rows] == [False, False, True]
    assert [row["valid"] for row in rows] == [True, False, False]
    assert "1 formulas have no answer" in report.table()


@needs_tex
def test_pictures_are_compared(results: Path, tmp_path: Path) -> None:
    records = [
        {"source": "a.pdf", "index": 0, "latex": r"{\text{'a.pdf'}}_{{v}1}^0"},
        {"source": "a.pdf", "index": 1, "latex": r"\quad"},
        {"source": "b.pdf", "latex": "a b c"},
    ]
    truth = tmp_path / "truth.jsonl"
    truth.write_text("\n".join(map(json.dumps, records)))
    config = EvaluateConfig(workers=0)  # image match is on where TeX is
    said = evaluate_results(results, truth, config, tmp_path / "out").as_json()["overall"]
    assert said["labels_without_picture"] == 1
    assert said["drawn"] == 1 / 2
    assert said["image_match_harvard"] == said["image_match_strict"] == 1 / 2
    rows = pq.read_table(tmp_path / "out" / "predictions.parquet").to_pylist()
    assert [row["image_match_strict"] for row in rows] == [True, None, False]


def test_without_tex_image_match_is_refused(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    truth = tmp_path / "truth.jsonl"
    truth.write_text(json.dumps({"source": "a.pdf", "index": 0, "latex": "x"}))
    with pytest.raises(RenderError, match="pdflatex is not installed"):
        evaluate_results(results, truth, EvaluateConfig(image_match=True))
    assert not evaluate_results(results, truth, EvaluateConfig()).images


def test_an_interrupted_evaluation_leaves_no_file(tmp_path: Path) -> None:

    def interrupted() -> None:
        with prediction_file(tmp_path / "predictions.parquet") as write:
            write([judged(label("a", "x"), None)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_the_command_tells_models_from_results(
    checkpoint: Path, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.jsonl"
    truth.write_text(json.dumps({"source": "a.pdf", "index": 0, "latex": "x"}))
    for arguments, message in (
        ([tmp_path / "none", truth], "none is not a folder: give a checkpoint"),
        ([results, truth], "holds results: give --truth FILE"),
        ([results], "holds results: give --truth FILE"),
        ([checkpoint], "nothing to measure"),
        ([checkpoint, "--truth", truth], "is a checkpoint: give the truth without --truth"),
        ([results, truth, "--truth", truth], "--truth is for results alone: leave out"),
        ([tmp_path, "--truth", truth], "is not a results folder"),
        ([tmp_path, TRUTH, "--images", IMAGES], "is not a checkpoint"),
    ):
        assert call("evaluate", *arguments) == 2
        assert message in capsys.readouterr().err
    assert call("evaluate", results, "--truth", truth, "--workers", "-1") == 2
    assert "'--workers'" in capsys.readouterr().err
    assert call("evaluate", results, "--truth", truth, "--no-image-match", "--workers", "0") == 0
    assert capsys.readouterr().out.startswith(f"1 formulas of {truth}, 1 found in {results}")


def call(*arguments: str | Path) -> int:
    """`i2l ARGUMENTS` in this process; its exit code."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code if isinstance(caught.value.code, int) else 0
