"""Serve files to a browser, on loopback only, with the headers that make SharedArrayBuffer available.

The interpreter in a page needs SharedArrayBuffer to wait for input, and a browser provides it only to cross-origin
isolated pages: https://developer.mozilla.org/en-US/docs/Web/API/Window/crossOriginIsolated
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.machine.web_socket import converse
from matrix.errors import MatrixError

HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".data": "application/octet-stream",
}
LOOPBACK = "127.0.0.1"
_LONGEST_POST = 16 << 20
"""bytes"""


class PortTaken(MatrixError):
    """The port is in use, or this user may not use it."""

    exit_status = 3

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(
            f"port {port} on {LOOPBACK} cannot be used: {reason}",
            hint="choose another one with --port (0 takes any free port)",
        )


class Site:
    """The content of a server: files by URL path, and functions that take what a page posts.

    `files` maps an absolute URL path to a file, or to a directory if the path ends with `/`. `posts` maps a URL path
    to the function that gets the body and returns the answer's; it raises ValueError for a body that it does not
    understand. `sockets` maps a URL path to a function for WebSockets: as long as a page has one open, the context that
    the function returns is entered, and its value answers the messages (`web_socket.converse`). `headers` go with each
    answer.

    With a `token`, each path begins with it (`/TOKEN/page.html`), and requests without it are refused.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        posts: Mapping[str, Callable[[bytes], bytes]] | None = None,
        headers: Mapping[str, str] = HEADERS,
        sockets: Mapping[str, Callable[[], AbstractContextManager[Callable[[bytes], bytes]]]] | None = None,
        token: str = "",
    ) -> None:
        self.files = dict(files)
        self.posts = dict(posts or {})
        self.headers = dict(headers)
        self.sockets = dict(sockets or {})
        self.prefix = f"/{token}" if token else ""

    def path(self, target: str) -> str | None:
        """The URL path of a request's target, without the token; None when the token is not there."""
        path = unquote(urlsplit(target).path)
        given, rest = path[: len(self.prefix)], path[len(self.prefix) :]
        ours = secrets.compare_digest(given.encode("utf-8", "replace"), self.prefix.encode())
        return rest if ours and rest.startswith("/") else None

    def file(self, path: str) -> Path | None:
        """The file for a URL path, or None. No path leads out of the directories."""
        if path in self.files and not path.endswith("/"):
            return self.files[path]
        parts = PurePosixPath(path).parts
        if ".." in parts or "\0" in path:
            return None
        for prefix, directory in self.files.items():
            if prefix.endswith("/") and path.startswith(prefix):
                with contextlib.suppress(OSError):  # a name that is too long, say
                    found = (directory / path[len(prefix) :]).resolve()
                    if found.is_file() and found.is_relative_to(directory.resolve()):
                        return found
        return None


class Handler(BaseHTTPRequestHandler):
    """Answers requests from a site's content."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes, and a page waits for each
    server_version = "cpython-wasm-matrix"
    sys_version = ""
    site: Site
    hosts: frozenset[str]

    def do_GET(self) -> None:
        self._get(body=True)

    def do_HEAD(self) -> None:
        self._get(body=False)

    def _get(self, *, body: bool) -> None:
        path = self._checked_path()
        if path is None:
            return
        if body and path in self.site.sockets:
            self.close_connection = True
            with self.site.sockets[path]() as answer:
                converse(self.connection, self.path, self.headers.items(), answer, _LONGEST_POST)
            return
        file = self.site.file(path)
        if file is None:
            self._answer(HTTPStatus.NOT_FOUND, b"there is no such file\n", "text/plain", body=body)
            return
        try:
            data = file.read_bytes()
        except OSError as exc:
            self._answer(HTTPStatus.NOT_FOUND, f"{exc.strerror}\n".encode(), "text/plain", body=body)
            return
        self._answer(HTTPStatus.OK, data, TYPES.get(file.suffix, "application/octet-stream"), body=body)

    def do_POST(self) -> None:
        path = self._checked_path()
        if path is None:
            return
        take = self.site.posts.get(path)
        length = self.headers.get("Content-Length", "")
        if take is None or not length.isdigit() or int(length) > _LONGEST_POST:
            self._refuse(HTTPStatus.NOT_FOUND if take is None else HTTPStatus.BAD_REQUEST, b"")
            return
        data = self.rfile.read(int(length))
        if len(data) < int(length):  # the page has gone
            self.close_connection = True
            return
        try:
            answer = take(data)
        except ValueError as exc:
            self._refuse(HTTPStatus.BAD_REQUEST, f"{exc}\n".encode())
            return
        self._answer(HTTPStatus.OK, answer, "text/plain")

    def _checked_path(self) -> str | None:
        """The path of a request for this host that has the token and is from a page of it or from no page.

        Refuses one from a site whose name points here (DNS rebinding), one from a page of another site, and one
        without the token.
        """
        path = self.site.path(self.path)
        if self.headers.get("Host") not in self.hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, b"this server answers as localhost only\n")
        elif self.headers.get("Origin", "").removeprefix("http://") not in ("", *self.hosts):
            self._refuse(HTTPStatus.FORBIDDEN, b"this server answers its own pages only\n")
        elif path is None:
            self._refuse(HTTPStatus.FORBIDDEN, b"this server answers addresses with its token only\n")
        else:
            return path
        return None

    def _refuse(self, status: HTTPStatus, why: bytes) -> None:
        """Answer without reading what else the request has."""
        self.close_connection = True
        self._answer(status, why, "text/plain", body=self.command != "HEAD")

    def _answer(self, status: HTTPStatus, data: bytes, kind: str, *, body: bool = True) -> None:
        self.send_response(status)
        for name, value in self.site.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Answers each connection in a thread, until `end` closes them all."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[Handler], listening: int | None) -> None:
        self._connections: set[Any] = set()
        super().__init__((LOOPBACK, port), handler, bind_and_activate=listening is None)
        if listening is not None:
            self.socket.close()
            self.socket = socket.socket(fileno=listening)
            self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a page that goes while it is answered is no error
            super().handle_error(request, client_address)

    def end(self) -> None:
        """Answer nobody any more."""
        self.shutdown()
        self.server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):  # it has just ended
                connection.shutdown(socket.SHUT_RDWR)


def listen() -> socket.socket:
    """A socket that listens at any free port, for servers that follow one another."""
    return socket.create_server((LOOPBACK, 0))


@contextlib.contextmanager
def serving(site: Site, port: int = 0, listening: int | None = None) -> Iterator[str]:
    """Serve a site while the context lasts. Yields its address, `http://127.0.0.1:PORT` and the token.

    Port 0 takes any free port; `listening` is the descriptor of a socket that listens already (`listen`). Raises
    PortTaken.
    """
    handler = type("SiteHandler", (Handler,), {"site": site})
    try:
        server = Server(port, handler, listening)
    except (OSError, OverflowError) as exc:
        raise PortTaken(port, str(getattr(exc, "strerror", None) or exc)) from None
    actual = server.server_address[1]
    handler.hosts = frozenset({f"{LOOPBACK}:{actual}", f"localhost:{actual}"})  # type: ignore[attr-defined]  # a class made here
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{actual}{site.prefix}"
    finally:
        server.end()
        thread.join()
