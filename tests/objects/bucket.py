"""A bucket, as tests look at it: past all faults, and by its URIs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.fs as pafs

from i2l_batch.lease import Timing
from i2l_batch.object_folder import ObjectFolder
from i2l_batch.object_uri import ObjectUri
from tests.objects.proxy import Fault, Proxy

QUICK = Timing(renew=0.2, dead=1.0, settle=0.4)
"""Of leases, so that no test waits for long."""


class Bucket:
    """An empty bucket; `proxy` stands between it and what uses its URIs."""

    def __init__(self, name: str, files: pafs.FileSystem, proxy: Proxy) -> None:
        self.name = name
        self.proxy = proxy
        self._files = files

    def uri(self, key: str, **options: Any) -> str:
        """Of an object or a prefix, through the proxy."""
        options = {"region": "us-east-1", "endpoint_override": self.proxy.url} | options
        return f"s3://{self.name}/{key}?" + "&".join(f"{n}={v}" for n, v in options.items())

    def folder(self, key: str, timing: Timing = QUICK, **options: Any) -> ObjectFolder:
        """A prefix, with leases that do not take long."""
        text = self.uri(key, **options).partition("?")[2]
        return ObjectFolder(ObjectUri("s3", f"{self.name}/{key}", text), timing)

    def objects(self, prefix: str = "") -> dict[str, int]:
        """Keys below a prefix, and their sizes; not those that only mark folders."""
        path = f"{self.name}/{prefix}".rstrip("/")
        found = self._files.get_file_info(
            pafs.FileSelector(path, recursive=True, allow_not_found=True)
        )
        start = len(path) + 1
        return {info.path[start:]: info.size for info in found if info.is_file}

    def get(self, key: str) -> bytes:
        """An object's content."""
        with self._files.open_input_stream(f"{self.name}/{key}") as stream:
            return stream.read()

    def put(self, key: str, content: bytes) -> None:
        """Write an object."""
        with self._files.open_output_stream(f"{self.name}/{key}") as stream:
            stream.write(content)

    def remove(self, key: str) -> None:
        """Remove an object."""
        self._files.delete_file(f"{self.name}/{key}")

    def faults(self, fault: Fault, times: int, method: str, part: str) -> None:
        """A fault that happens to the next so many requests of a kind."""
        left = [times]

        def decide(its_method: str, path: str) -> Fault | None:
            if its_method != method or part not in path or not left[0]:
                return None
            left[0] -= 1
            return fault

        self.proxy.fault = decide

    def upload(self, folder: Path, prefix: str) -> None:
        """Copy a folder of this machine."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder)}", path.read_bytes())
