"""A small web server on the loopback interface that records every request."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request:
    """One request, and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, ending: threading.Event) -> None:
        self._handler = handler
        self.ending = ending
        """set when the server is about to end"""

    def answer(self, status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> None:
        """Send an answer. `length` overrides Content-Length, so that it can lie."""
        handler = self._handler
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
            handler.wfile.flush()


Answer = Callable[[Request], None]


def silence(request: Request) -> None:
    """Never answer."""
    request.ending.wait(5)


def absence(request: Request) -> None:
    request.answer(404)


class Web:
    """The server: its answers by path, and the requests that it received."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"

    def serve(self, path: str, body: bytes) -> str:
        """Serve a file from now on. Returns its URL."""
        return self.does(path, lambda request: request.answer(200, body))

    def does(self, path: str, *answers: Answer) -> str:
        """Answer requests for a path with one answer after the other, then always with the last. Returns the URL."""
        left = list(answers)

        def answer(request: Request) -> None:
            (left.pop(0) if len(left) > 1 else left[0])(request)

        self.answers[path] = answer
        return self.url(path)


@contextlib.contextmanager
def serving() -> Iterator[Web]:
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.requests.append(f"{self.command} {self.path}")
            answer = web.answers.get(self.path, absence)
            with contextlib.suppress(ConnectionError):  # the client may hang up
                answer(Request(self, ending))

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        web = Web(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield web
        finally:
            ending.set()
            server.shutdown()
            thread.join()


def sha256(data: bytes) -> str:
    """The pin of some content."""
    return hashlib.sha256(data).hexdigest()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
