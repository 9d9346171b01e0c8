"""A run gives the rows that its steps give one by one, whatever its workers, batches and chunks."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from i2l_batch.account import Account
from i2l_batch.batches import ON_CPU, Key
from i2l_batch.cluster import Plan
from i2l_batch.config import ExtractConfig, TranscribeConfig
from i2l_batch.errors import CheckpointError, SourceError, StoreError, UsageError
from i2l_batch.flow import POOL_BATCHES, Flow
from i2l_batch.images import decode_png
from i2l_batch.pipeline import dry_run, transcribe
from i2l_batch.progress import Progress
from i2l_batch.records import Crop, Source, Transcript, unread
from i2l_batch.results import open_results
from i2l_batch.resume import Decision
from i2l_batch.stages import Chunk, Reader
from i2l_batch.store import Store
from i2l_batch.tickets import OpenDocument
from i2l_batch.transcriber import Transcriber
from tests.extract import pdfs
from tests.fake_readers import (
    HashReader,
    LosingReader,
    OnceReader,
    PoisonedReader,
    SlowReader,
)
from tests.runs import direct_rows, documents, rows, run

pytestmark = pytest.mark.usefixtures("cluster")


def test_a_run_gives_what_its_steps_give(
    examples: list[str], tmp_path: Path, checkpoint: Path
) -> None:
    """The real model. The smaller laws are held with `HashReader`, which loads nothing."""
    transcriber = Transcriber(checkpoint, beam_size=2, num_threads=1)

    def read(crops: list[Crop]) -> list[Transcript]:
        return [t for c in crops for t in transcriber.transcribe([decode_png(c.png)], [c.em])]

    expected = direct_rows(examples, read)
    assert len({latex for latex, _ in expected.values()}) > 5  # rows in disorder would show
    account, _ = run(
        examples,
        tmp_path / "out",
        checkpoint,
        Reader,
        ExtractConfig(chunk_pages=1),
        workers=3,
        batch_size=3,
        beam_size=2,
    )
    assert rows(tmp_path / "out") == expected
    assert account.found == account.ok == 11
    assert account.formulas == len(expected)
    assert account.exit_code == 0
    crops = open_results(tmp_path / "out").formulas(["crop"]).to_table()["crop"].to_pylist()
    assert all(decode_png(crop["bytes"]).size for crop in crops)


@pytest.mark.parametrize(("workers", "batch_size", "chunk_pages"), [(1, 1, 2), (4, 7, 1)])
def test_batches_and_chunks_do_not_matter(
    tmp_path: Path, checkpoint: Path, workers: int, batch_size: int, chunk_pages: int
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(1, 7):
        pdfs.paper(tmp_path / "in" / f"{number}.pdf", pages=number)
    extract = ExtractConfig(chunk_pages=chunk_pages)
    run(
        [tmp_path / "in"],
        tmp_path / "out",
        checkpoint,
        HashReader,
        extract,
        workers=workers,
        batch_size=batch_size,
    )
    assert rows(tmp_path / "out") == direct_rows([tmp_path / "in"])
    pages = [row["pages"] for row in documents(tmp_path / "out").values()]
    assert sorted(pages) == list(range(1, 7))


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    for number in range(4):
        pdfs.paper(folder / f"{number}.pdf", pages=number + 1)
    return folder


def test_running_again_skips_what_is_done_and_redoes_what_changed(
    papers: Path, tmp_path: Path, checkpoint: Path
) -> None:
    first, _ = run([papers], tmp_path / "out", checkpoint)
    again, _ = run([papers], tmp_path / "out", checkpoint)
    assert (first.ok, again.ok, again.skipped, again.formulas) == (4, 0, 4, 0)
    pdfs.paper(papers / "0.pdf", pages=5)
    pdfs.paper(papers / "new.pdf")
    config = TranscribeConfig(model=checkpoint)
    assert dry_run([str(papers)], tmp_path / "out", config) == [
        "redo        0.pdf",
        "skip        1.pdf",
        "skip        2.pdf",
        "skip        3.pdf",
        "transcribe  new.pdf",
    ]
    changed, _ = run([papers], tmp_path / "out", checkpoint)
    assert (changed.ok, changed.skipped) == (2, 3)
    assert rows(tmp_path / "out") == direct_rows([papers])


def test_failed_documents_are_tried_again_when_asked(
    papers: Path, tmp_path: Path, checkpoint: Path
) -> None:
    pdfs.paper(papers / "locked.pdf", password="secret")
    missing = str(papers.parent / "missing.pdf")
    inputs = [papers, missing]
    first, said = run(inputs, tmp_path / "out", checkpoint)
    assert (first.ok, first.failed, first.exit_code) == (4, 2, 1)
    assert f"failed: missing.pdf: {missing} cannot be read: No such file or directory\n" in said
    skipped, said = run(inputs, tmp_path / "out", checkpoint)
    assert (skipped.skipped, skipped.skipped_failed, skipped.exit_code) == (6, 2, 0)
    assert "(2 of the skipped failed before: see --retry-failed)" in skipped.line()
    opened = ExtractConfig(pdf_password="secret")
    again, _ = run(inputs, tmp_path / "out", checkpoint, extract=opened, retry_failed=True)
    assert (again.ok, again.failed, again.skipped) == (1, 1, 4)
    found = documents(tmp_path / "out")
    assert (found["locked.pdf"]["status"], found["locked.pdf"]["attempts"]) == ("ok", 2)
    assert (found["missing.pdf"]["status"], found["missing.pdf"]["attempts"]) == ("failed", 2)


def test_a_failed_file_that_was_replaced_is_tried_again(tmp_path: Path, checkpoint: Path) -> None:
    """Also by one of the same size."""
    path = pdfs.paper(tmp_path / "a.pdf")
    content = path.read_bytes()
    path.write_bytes(bytes(len(content)))
    first, _ = run([path], tmp_path / "out", checkpoint)
    again, _ = run([path], tmp_path / "out", checkpoint)
    assert (first.failed, again.skipped_failed) == (1, 1)
    path.write_bytes(content)
    mended, _ = run([path], tmp_path / "out", checkpoint)
    assert mended.ok == 1
    assert rows(tmp_path / "out") == direct_rows([path])


def test_trying_again_never_costs_rows(tmp_path: Path, checkpoint: Path) -> None:
    """A document that was read in part, and this time, with a wrong password, not at all."""
    path = pdfs.paper(tmp_path / "a.pdf", pages=4, password="secret")
    opened = ExtractConfig(pdf_password="secret")
    first, _ = run([path], tmp_path / "out", checkpoint, PoisonedReader, extract=opened)
    assert first.partial == 1
    before = rows(tmp_path / "out")
    again, said = run([path], tmp_path / "out", checkpoint, retry_failed=True)
    assert (again.failed, again.formulas, again.exit_code) == (1, 0, 1)
    assert "its earlier rows are kept" in said
    assert rows(tmp_path / "out") == before
    assert documents(tmp_path / "out")["a.pdf"]["status"] == "partial"
    last, _ = run([path], tmp_path / "out", checkpoint, extract=opened, retry_failed=True)
    assert last.ok == 1
    assert rows(tmp_path / "out").keys() == before.keys()


def test_another_file_of_the_same_name_is_refused_before_anything_is_done(
    tmp_path: Path, checkpoint: Path
) -> None:
    for year, pages in (("2020", 1), ("2021", 2)):
        (tmp_path / year).mkdir()
        pdfs.paper(tmp_path / year / "001.pdf", pages=pages)
    run([tmp_path / "2020"], tmp_path / "out", checkpoint)
    before = rows(tmp_path / "out")
    pdfs.paper(tmp_path / "2021" / "000.pdf")
    message = f"001.pdf is already in {tmp_path}/out, from {tmp_path}/2020/001.pdf: name the folder"
    with pytest.raises(UsageError, match=message):
        run([tmp_path / "2021"], tmp_path / "out", checkpoint)
    with pytest.raises(UsageError, match=message):
        dry_run([str(tmp_path / "2021")], tmp_path / "out", TranscribeConfig(model=checkpoint))
    assert rows(tmp_path / "out") == before


def test_a_checkpoint_may_be_moved(tmp_path: Path, checkpoint: Path) -> None:
    path = pdfs.paper(tmp_path / "a.pdf")
    run([path], tmp_path / "out", checkpoint)
    again, _ = run([path], tmp_path / "out", shutil.copytree(checkpoint, tmp_path / "elsewhere"))
    assert again.skipped == 1


def test_a_greedy_document_fails_alone(papers: Path, tmp_path: Path, checkpoint: Path) -> None:
    """A hanging one, and broken ones: tests/test_cli.py."""
    expected = direct_rows([papers])
    pdfs.greedy(papers / "greedy.pdf")
    extract = ExtractConfig(memory_limit=128, document_timeout=120)
    account, _ = run([papers], tmp_path / "out", checkpoint, extract=extract)
    assert (account.ok, account.failed, account.exit_code) == (4, 1, 1)
    assert documents(tmp_path / "out")["greedy.pdf"]["error_type"] == "out_of_memory"
    assert rows(tmp_path / "out") == expected


def test_a_file_that_vanishes_keeps_its_rows(
    papers: Path, tmp_path: Path, checkpoint: Path
) -> None:
    inputs = [papers / "0.pdf", papers / "1.pdf"]
    run(inputs, tmp_path / "out", checkpoint)
    before = rows(tmp_path / "out")
    inputs[0].unlink()
    account, said = run(inputs, tmp_path / "out", checkpoint)
    assert (account.failed, account.skipped) == (1, 1)
    assert "its earlier rows are kept" in said
    assert rows(tmp_path / "out") == before


def test_other_settings_are_refused_and_the_password_is_none(
    papers: Path, tmp_path: Path, checkpoint: Path
) -> None:
    secret = ExtractConfig(pdf_password="open sesame")
    run([papers], tmp_path / "out", checkpoint, extract=secret, max_files=1)
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or b"sesame" not in path.read_bytes()
    config = TranscribeConfig(model=checkpoint, extract=ExtractConfig(dpi=100))
    with pytest.raises(StoreError, match=r"dpi 200 -> 100.*--overwrite"):
        run([papers], tmp_path / "out", checkpoint, extract=config.extract)
    with pytest.raises(StoreError, match=r"dpi 200 -> 100.*--overwrite"):
        dry_run([str(papers)], tmp_path / "out", config)
    config = replace(config, overwrite=True)
    assert dry_run([str(papers)], tmp_path / "out", config)[0] == "transcribe  0.pdf"
    account, _ = run([papers], tmp_path / "out", checkpoint, extract=config.extract, overwrite=True)
    assert account.ok == 4


def test_crops_can_be_left_out(papers: Path, tmp_path: Path, checkpoint: Path) -> None:
    run([papers], tmp_path / "out", checkpoint, keep_crops=False, max_files=1)
    table = open_results(tmp_path / "out").formulas(["crop"]).to_table()
    assert table["crop"].to_pylist() == [None]


def test_fail_fast_ends_the_run(tmp_path: Path, checkpoint: Path, papers: Path) -> None:
    (papers / "00.pdf").write_text("no paper")
    account, _ = run([papers], tmp_path / "out", checkpoint, fail_fast=True, workers=1)
    assert account.failed == 1
    assert not account.adds_up
    assert "not done" in account.line()
    assert account.exit_code == 1
    (record,) = open_results(tmp_path / "out").runs()
    assert record["status"] == "failed"


def test_what_looks_the_same_is_read_once(tmp_path: Path, checkpoint: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    for name in "abc":  # the same formulas, in files that differ
        pdfs.paper(folder / f"{name}.pdf", pages=6 if name == "b" else 4)
    account, _ = run(
        [folder], tmp_path / "out", checkpoint, OnceReader, ExtractConfig(chunk_pages=2)
    )
    assert (account.ok, account.formulas, account.exit_code) == (3, 14, 0)
    assert rows(tmp_path / "out") == direct_rows([folder])


def test_what_cannot_be_is_refused_before_anything_is_written(
    papers: Path, tmp_path: Path, checkpoint: Path
) -> None:
    with pytest.raises(UsageError, match="--device cuda: Ray finds no GPU"):
        run([papers], tmp_path / "out", checkpoint, device="cuda")
    assert rows(tmp_path / "out") == {}
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(UsageError, match="no PDF or image files found"):
        run([checkpoint], tmp_path / "out", checkpoint)
    with pytest.raises(UsageError, match="--pages 3-x: write pages"):
        run([papers], tmp_path / "out", checkpoint, extract=ExtractConfig(pages="3-x"))
    with pytest.raises(CheckpointError, match=r"papers is not a checkpoint: model\.safetensors"):
        run([papers], tmp_path / "out", papers)
    assert not (tmp_path / "out").exists()


def test_crops_that_are_lost_are_not_the_models_fault(tmp_path: Path, checkpoint: Path) -> None:
    """A machine died, and the file was gone when it was to be extracted again: more than 20 such
    formulas ended the run."""
    with pytest.raises(SourceError, match="crops are lost"):
        Reader(None, "cpu", 1, 1, 9, False, 1).read([(0, 0)], [])
    pdfs.paper(tmp_path / "a.pdf", pages=25, first=100)
    account, said = run([tmp_path / "a.pdf"], tmp_path / "out", checkpoint, LosingReader)
    assert account.partial == 1
    assert "25 of 25 formulas crash the model" in said


def test_crops_that_are_lost_fail_their_document_alone(tmp_path: Path, checkpoint: Path) -> None:
    """They lay on a machine that died, and extracting them again failed; it was a traceback."""
    import ray

    def extract_again() -> None:
        raise SourceError("timeout", "too slow this time")

    source = Source(path=str(tmp_path / "a.pdf"), name="a.pdf", num_bytes=5, media="pdf")
    lost = OpenDocument(Decision(source=source, action="transcribe", attempts=0))
    lost.chunks.append(ray.remote(num_cpus=0)(extract_again).remote())
    lost.take(
        Chunk(
            source_sha256="00",
            num_pages=1,
            keys=(Key(9, 9, b""),),
            next_page=None,
            page_errors=(),
            notes=(),
            error=None,
            seconds=1.0,
        )
    )
    lost.transcripts[0, 0] = unread("crashed")
    lost.extracted = True
    config, account = TranscribeConfig(model=checkpoint), Account(found=1)
    with Store.open(tmp_path / "out", settings={}, model={}) as store:
        plan = Plan(
            homes=(),
            reader_cpus=0.1,
            reader_gpus=0,
            reader_threads=1,
            batch=ON_CPU,
            extractors=1,
            extract_cpus=0.1,
        )
        flow = Flow(plan, config, store, "none", account, Progress(-1))
        flow.finish(lost)
        flow.close()
    row = documents(tmp_path / "out")["a.pdf"]
    assert (row["status"], row["error_type"], row["formulas"]) == ("failed", "crashed", 0)
    assert "crops are lost: " in row["error_message"]
    assert (account.failed, account.adds_up) == (1, True)


@pytest.mark.parametrize("papers", [4, 16])
def test_what_waits_to_be_read_does_not_grow_with_the_papers(
    papers: int, tmp_path: Path, checkpoint: Path
) -> None:
    """Extraction is faster than reading here, and waits for it."""
    (tmp_path / "in").mkdir()
    for number in range(papers):
        pdfs.paper(tmp_path / "in" / f"{number}.pdf", pages=2, first=10 + 2 * number)
    most = 0

    class Watch(Progress):
        def update(
            self, account: Account, formulas: int, *, waiting: int, works: bool = True
        ) -> None:
            nonlocal most
            most = max(most, waiting)
            super().update(account, formulas, waiting=waiting, works=works)

    config = TranscribeConfig(model=checkpoint, batch_size=1)
    transcribe([str(tmp_path / "in")], tmp_path / "out", config, Watch(-1), reader=SlowReader)
    # One reader, and one extraction at a time, which may end after the limit was reached.
    assert most <= POOL_BATCHES + 2
