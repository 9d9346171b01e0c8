"""A proxy in front of the object store that counts requests, and misbehaves when it is told to."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["busy", "forbidden", "cut request", "cut answer", "stall"]
"""busy: 503 SlowDown. forbidden: 403. cut request: the connection ends before the store hears of
it. cut answer: the store does it, and its answer breaks off. stall: no answer for a second."""

_ANSWERS = {
    "busy": (503, "SlowDown", "Please reduce your request rate."),
    "forbidden": (403, "AccessDenied", "Access Denied"),
}


class Proxy:
    """Listens on loopback until `stop`."""

    def __init__(self, store: str) -> None:
        self.store = urlsplit(store).netloc
        self.requests: list[tuple[str, str]] = []
        """(method, path with query) of each request, in the order of their arrival."""
        self.sent = 0
        """Bytes of all answers so far, without their heads."""
        self.fault: Callable[[str, str], Fault | None] = lambda _method, _path: None
        """What to do to a request; null to pass it on."""
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def count(self, method: str = "", part: str = "") -> int:
        """Requests so far, of a method, with a text in their path."""
        return sum(m.startswith(method) and part in path for m, path in self.requests)

    def stop(self) -> None:
        """From now on connections are refused."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits 40 ms for the client to acknowledge its head
    owner: Proxy

    def _handle(self) -> None:
        self.owner.requests.append((self.command, self.path))
        fault = self.owner.fault(self.command, self.path)
        if fault == "cut request":
            if self.command in ("PUT", "POST"):
                self.rfile.read1(1000)
            return self._cut()
        body = self._body()
        if fault == "stall":
            threading.Event().wait(1)
        if fault in _ANSWERS:
            return self._refuse(*_ANSWERS[fault])
        upstream = http.client.HTTPConnection(self.owner.store, timeout=30)
        upstream.request(self.command, self.path, body, self._headers(len(body)))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        self.owner.sent += len(content)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault == "cut answer":
            self.wfile.write(content[: len(content) // 2])
            return self._cut()
        self.wfile.write(content)
        return None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _headers(self, length: int) -> dict[str, str]:
        dropped = ("transfer-encoding", "content-length", "expect", "connection")
        kept = {n: value for n, value in self.headers.items() if n.lower() not in dropped}
        return kept | {"Content-Length": str(length)}

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _handle  # noqa: N815 - http.server's names

    def _refuse(self, status: int, code: str, message: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def _cut(self) -> None:
        """End the connection with a reset."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Nothing."""
