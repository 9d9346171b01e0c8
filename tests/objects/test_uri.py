"""Names of places: what is written is what is meant, and comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from i2l_batch.errors import UsageError
from i2l_batch.object_uri import ObjectUri, filesystem, is_uri, local_path, parse_place
from tests.command import call

KEYS = st.lists(st.text("ab ?=&%#+é[]*._-", min_size=1, max_size=8), min_size=1, max_size=4).map(
    "/".join
)
OPTIONS = st.sampled_from(
    ["", "region=eu-west-1", "endpoint_override=http://127.0.0.1:9000&anonymous=true"]
)


@given(key=KEYS, options=OPTIONS, scheme=st.sampled_from(["s3", "gs"]))
def test_a_name_comes_back(key: str, options: str, scheme: str) -> None:
    """Whatever is in a key: stores allow question marks and all."""
    if scheme == "gs":
        options = options.replace("region=eu-west-1", "scheme=http")
    uri = ObjectUri(scheme, f"bucket/{key}", options)
    assert parse_place(str(uri)) == uri
    assert is_uri(str(uri))
    assert uri.at("bucket/other").options == options


@pytest.mark.parametrize(
    ("text", "path", "options"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("s3://bucket/a b/100%.pdf", "bucket/a b/100%.pdf", ""),
        ("gs://bucket/papers/", "bucket/papers", ""),
        ("s3://bucket/papers/?.pdf", "bucket/papers/?.pdf", ""),
        ("s3://bucket/?/a?region=us-east-2", "bucket/?/a", "region=us-east-2"),
        ("s3://bucket/a/?region=us-east-2", "bucket/a", "region=us-east-2"),
    ],
)
def test_parts_of_a_name(text: str, path: str, options: str) -> None:
    uri = parse_place(text)
    assert isinstance(uri, ObjectUri)
    assert (uri.path, uri.options, uri.bucket) == (path, options, "bucket")


def test_options_have_their_types() -> None:
    uri = parse_place("s3://b/x?anonymous=true&max_attempts=4&connect_timeout=2.5&scheme=http")
    assert isinstance(uri, ObjectUri)
    assert uri.arguments() == {
        "anonymous": True,
        "max_attempts": 4,
        "connect_timeout": 2.5,
        "scheme": "http",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s3://", "a bucket is missing: s3://BUCKET/FOLDER"),
        ("s3:///key", "a bucket is missing"),
        ("s3://b/x?reigon=eu", "there is no option reigon: use endpoint_override, scheme"),
        ("gs://b/x?region=eu", "there is no option region"),
        ("s3://b/x?anonymous=perhaps", "anonymous cannot be 'perhaps'"),
        ("s3:/bucket/x", "a URI has two slashes"),
        ("file://server/share", "starts with file:///"),
    ],
)
def test_what_is_wrong_is_told(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_place(text)
    assert "\n" not in str(caught.value)


def test_secrets_are_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="set AWS_ACCESS_KEY_ID") as caught:
        parse_place("s3://AKIA123:s3cr3t@bucket/x")
    assert "s3cr3t" not in str(caught.value)
    assert "AKIA123" not in str(caught.value)


@pytest.mark.parametrize("text", ["results", "/a/s3://b", "a:b", "http://x/y", "C:/x", "./s3x:/x"])
def test_paths_stay_paths(text: str) -> None:
    assert parse_place(text) == Path(text) == local_path(Path(text))
    assert not is_uri(text)


def test_a_bucket_is_connected_to_once() -> None:
    """However many papers are in it: each connection would ask for the region again."""
    text = "s3://bucket/{}?endpoint_override=http://127.0.0.1:1"
    first, second = (parse_place(text.format(name)) for name in ("a.pdf", "b/c.pdf"))
    assert isinstance(first, ObjectUri)
    assert isinstance(second, ObjectUri)
    assert filesystem(first) is filesystem(second)
    assert filesystem(first) is not filesystem(first, patient=True)


def test_google_takes_its_options() -> None:
    """Nothing is asked of it: there is no such store here."""
    uri = parse_place("gs://bucket/papers?anonymous=true&endpoint_override=127.0.0.1:1&scheme=http")
    assert isinstance(uri, ObjectUri)
    assert filesystem(uri).type_name == filesystem(uri, patient=True).type_name == "gcs"


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "s3://bucket/data", "-o", "runs/x"),
        ("dataset", "build", "formulas.txt", "-o", "gs://bucket/data"),
        ("inspect", "s3://bucket/a.pdf", "-o", "pictures"),
    ],
)
def test_commands_for_local_files_say_so(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"i2l {arguments[0]} reads and writes local files only: copy it to a disk" in line
