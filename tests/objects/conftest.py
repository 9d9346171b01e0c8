"""One object store for all tests, and a new bucket in it for each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs as pafs
import pytest

from tests.objects.bucket import Bucket
from tests.objects.proxy import Proxy


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """Its address. It ends with this process, however that ends."""
    program = [sys.executable, str(Path(__file__).with_name("s3_server.py"))]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().decode().strip()
        server.terminate()


@pytest.fixture
def bucket(object_store: str, request: pytest.FixtureRequest) -> Iterator[Bucket]:
    """An empty bucket, behind a proxy."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    name = f"bucket-{abs(hash(request.node.nodeid)):x}"
    files = pafs.S3FileSystem(
        region="us-east-1", endpoint_override=object_store, allow_bucket_creation=True
    )
    files.create_dir(name)
    proxy = Proxy(object_store)
    yield Bucket(name, files, proxy)
    proxy.stop()
