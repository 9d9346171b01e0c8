"""Names of places in object stores, such as `s3://bucket/papers?region=eu-west-1`.

In: what the user wrote. Out: its parts, a pyarrow file system that reaches the place, and errors of
that file system in one line. Bucket and key are taken as they are, like the stores' own tools do:
nothing is percent-decoded but the options behind the last `?`. Secrets are refused in there, since
these names end up in results, logs and shell histories. Knows nothing of results and papers.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from i2l_batch.errors import UsageError

if TYPE_CHECKING:
    import pyarrow.fs as pafs

_URI = re.compile(r"(s3|gs|file)://(.*)", re.DOTALL)
_OPTIONS = re.compile(r"(.*)\?((?:[a-z_]+=[^?]*)?)", re.DOTALL)
_COLLAPSED = re.compile(r"(?:s3|gs):/[^/]")
"""What `Path` makes of a URI."""


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return text.lower() in ("true", "1")


_BOTH = {"endpoint_override": str, "scheme": str, "anonymous": _truth}
_KNOWN = {
    "s3": _BOTH
    | {
        "region": str,
        "max_attempts": int,
        "force_virtual_addressing": _truth,
        "tls_ca_file_path": str,
        "role_arn": str,
        "session_name": str,
        "external_id": str,
        "connect_timeout": float,
        "request_timeout": float,
    },
    "gs": _BOTH | {"project_id": str, "target_service_account": str},
}
"""Options by scheme, as pyarrow's file systems call them, and how their values are read."""

_QUICK_ATTEMPTS = 3
"""Of a request, where somebody waits for an answer: about a second until a dead server is told."""

_ATTEMPTS = 10
"""Of a request in the middle of a run: about a minute, in which a store may be restarted."""


@dataclass(frozen=True)
class ObjectUri:
    """A place in an object store. Its text is what `parse_place` takes."""

    scheme: str
    """s3 or gs."""
    path: str
    """Bucket and key, with `/` between them and none at the end, as pyarrow names objects."""
    options: str = ""
    """Behind the `?`, as they were written."""

    @property
    def bucket(self) -> str:
        """What the store's owner called it."""
        return self.path.partition("/")[0]

    def __str__(self) -> str:
        plain = f"{self.scheme}://{self.path}"
        if self.options or _OPTIONS.fullmatch(plain):
            return f"{plain}?{self.options}"
        return plain

    def at(self, path: str) -> ObjectUri:
        """Another place in the same store."""
        return ObjectUri(self.scheme, path, self.options)

    def arguments(self) -> dict[str, Any]:
        """The options by name. Raises UsageError for one that is not known or makes no sense."""
        known = _KNOWN[self.scheme]
        found: dict[str, Any] = {}
        for name, text in parse_qsl(self.options, keep_blank_values=True):
            if name not in known:
                raise UsageError(
                    f"{self.scheme}://{self.path}: there is no option {name}:"
                    f" use {', '.join(known)}"
                )
            try:
                found[name] = known[name](text)
            except ValueError as error:
                raise UsageError(f"{self}: {name} cannot be {text!r}") from error
        return found


def is_uri(text: str) -> bool:
    """Whether a name is a URI, and not a path."""
    return _URI.fullmatch(text) is not None


def local_path(path: Path) -> Path:
    """The path of what is written to local files only. Raises UsageError for what was a URI."""
    if _COLLAPSED.match(str(path)):
        raise UsageError(
            f"{str(path).replace(':/', '://', 1)}: only transcribe writes to an object store: give"
            " a local path, and copy what is written there"
        )
    return path


def parse_place(text: str) -> ObjectUri | Path:
    """A place in an object store, or a path on this machine: `file://` is one, too.

    Raises UsageError for a URI without a bucket, with unknown options, or with secrets in it.
    """
    match = _URI.fullmatch(text)
    if not match:
        if _COLLAPSED.match(text):
            raise UsageError(f"{text}: a URI has two slashes; in Python give it as text, no Path")
        return Path(text)
    scheme, rest = match.groups()
    if scheme == "file":
        host, slash, path = rest.partition("/")
        if host not in ("", "localhost") or not slash:
            raise UsageError(f"{text}: a file URI starts with file:/// and an absolute path")
        return Path("/" + unquote(path))
    with_options = _OPTIONS.fullmatch(rest)
    path, options = with_options.groups() if with_options else (rest, "")
    bucket = path.partition("/")[0]
    if "@" in bucket:
        raise UsageError(
            f"{scheme}://...@{bucket.rpartition('@')[2]}: no keys in a URI, where logs and results"
            " keep them: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use ~/.aws/credentials"
        )
    if not bucket:
        raise UsageError(f"{text}: a bucket is missing: {scheme}://BUCKET/FOLDER")
    uri = ObjectUri(scheme, path.rstrip("/"), options)
    uri.arguments()
    return uri


def filesystem(uri: ObjectUri, *, patient: bool = False) -> pafs.FileSystem:
    """The file system that `uri` is in.

    Credentials come from where pyarrow looks for them: the environment, the files of the stores'
    own tools, the machine's role. patient: try requests for about a minute, not for a second.
    """
    return _connected(uri.at(uri.bucket), patient)


@lru_cache(maxsize=16)
def _connected(uri: ObjectUri, patient: bool) -> pafs.FileSystem:
    """One for all that is in a bucket: connections stay open, and its region is asked for once."""
    from datetime import timedelta

    import pyarrow.fs as pafs

    options = uri.arguments()
    attempts = options.pop("max_attempts", _ATTEMPTS)
    attempts = attempts if patient else min(attempts, _QUICK_ATTEMPTS)
    try:
        if uri.scheme == "gs":
            limit = timedelta(seconds=60 if patient else 5)
            return pafs.GcsFileSystem(retry_time_limit=limit, **options)
        if "endpoint_override" not in options:
            endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
            options |= {"endpoint_override": endpoint} if endpoint else _region(uri.bucket, options)
        return pafs.S3FileSystem(
            retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=attempts),
            allow_delayed_open=True,  # one request for a small object, not three
            **options,
        )
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{uri}: {said(error)}") from error


def _region(bucket: str, options: dict[str, Any]) -> dict[str, str]:
    """Where Amazon has the bucket: other regions only redirect. Nothing where that is not told."""
    import pyarrow.fs as pafs

    if {"AWS_REGION", "AWS_DEFAULT_REGION"} & os.environ.keys() or "region" in options:
        return {}
    try:
        return {"region": pafs.resolve_s3_region(bucket)}
    except OSError:  # what is done next tells why
        return {}


def said(error: BaseException) -> str:
    """What a store answered, in one line."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    google = re.search(r"google::cloud::Status\((.*?)(?: error_info=.*)?\)$", line)
    answer = google[1] if google else line.rpartition("AWS Error ")[2]
    answer = re.sub(r" \(Request ID: [^)]*\)", "", answer)
    if re.search(r"ACCESS_DENIED|HTTP status 40[13]|INVALID_ACCESS_KEY|SIGNATURE", answer):
        answer += (
            "; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials,"
            " and what they may do"
        )
    elif "NETWORK_CONNECTION" in answer:
        answer += "; check the network, and AWS_ENDPOINT_URL where it is not Amazon's store"
    return answer
