"""The server for browser builds, over loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.frames import Close
from websockets.sync.client import ClientConnection, connect

from harness.machine.http_server import HEADERS, PortTaken, Site, serving

pytestmark = pytest.mark.integration


@pytest.fixture
def posted() -> list[bytes]:
    return []


@pytest.fixture
def address(tmp_path: Path, posted: list[bytes]) -> Iterator[str]:
    assets = tmp_path / "assets"
    (assets / "deep").mkdir(parents=True)
    for name in ("python.js", "python.wasm", "python.data", "python.html", "deep/other.txt"):
        (assets / name).write_text(name)
    (tmp_path / "secret").write_text("not yours")
    (assets / "way-out").symlink_to(tmp_path / "secret")
    page = tmp_path / "page.html"
    page.write_text("<p>page")
    with serving(Site({"/": assets, "/page.html": page}, {"/take": taker(posted)})) as address:
        yield address


def taker(posted: list[bytes]) -> Callable[[bytes], bytes]:
    """Takes what is posted, and answers how many times that was done; it does not understand `?`."""

    def take(data: bytes) -> bytes:
        if data == b"?":
            raise ValueError("what is that?")
        posted.append(data)
        return str(len(posted)).encode()

    return take


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("python.js", "text/javascript; charset=utf-8"),
        ("python.wasm", "application/wasm"),
        ("python.data", "application/octet-stream"),
        ("python.html", "text/html; charset=utf-8"),
        ("deep/other.txt", "application/octet-stream"),
        ("page.html", "text/html; charset=utf-8"),
    ],
)
def test_files_have_their_type_and_the_headers_for_isolation(address: str, name: str, kind: str) -> None:
    answer = httpx.get(f"{address}/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def answer_to(address: str, path: str) -> bytes:
    """The answer to a request for a path as it is: a client would tidy it up."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.parametrize(
    "path",
    [
        "/secret",
        "/way-out",
        "/%2e%2e/secret",
        "/deep/%2e%2e/%2e%2e/secret",
        "/deep",
        "/",
        "/x%00y",
        f"/{'a' * 300}",
        f"/deep/{'a' * 300}/b",
        f"/{'a/' * 5000}",
    ],
)
def test_nothing_else_is_served(address: str, path: str) -> None:
    answer = answer_to(address, path)
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"not yours" not in answer


def test_a_path_that_no_server_reads_is_refused(address: str) -> None:
    assert b" 414 " in answer_to(address, f"/{'a' * 65000}" + "b" * 600).partition(b"\r\n")[0]


def test_posts_of_a_page_are_received(address: str, posted: list[bytes]) -> None:
    assert httpx.post(f"{address}/take", content=b"one").text == "1"
    refused = httpx.post(f"{address}/take", content=b"?")
    assert (refused.status_code, refused.text) == (400, "what is that?\n")
    assert httpx.post(f"{address}/elsewhere", content=b"two").status_code == 404
    assert posted == [b"one"]


def test_requests_for_another_host_are_refused(address: str) -> None:
    answer = httpx.get(f"{address}/python.js", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert "python.js" not in answer.text


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:1", "null", "https://127.0.0.1", "file://"]
)
def test_requests_of_other_sites_pages_are_refused(address: str, posted: list[bytes], origin: str) -> None:
    assert httpx.post(f"{address}/take", headers={"Origin": origin}).status_code == 403
    assert httpx.get(f"{address}/python.js", headers={"Origin": origin}).status_code == 403
    assert httpx.post(f"{address}/take", content=b"two", headers={"Origin": address}).status_code == 200
    assert posted == [b"two"]


def test_a_post_that_breaks_off_is_not_received(address: str, posted: list[bytes]) -> None:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"POST /take HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 9\r\n\r\nhalf".encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(4096) == b""
    assert posted == []


# --- with a token

TOKEN = "a-token-of-this-run"


@pytest.fixture
def secret(tmp_path: Path, posted: list[bytes]) -> Iterator[str]:
    """The address of a server with a token, and the token."""
    (tmp_path / "page.html").write_text("<p>page")
    site = Site({"/page.html": tmp_path / "page.html"}, {"/take": taker(posted)}, token=TOKEN)
    with serving(site) as address:
        yield address


def test_the_token_is_part_of_the_address(secret: str, posted: list[bytes]) -> None:
    assert secret.endswith(f"/{TOKEN}")
    assert httpx.get(f"{secret}/page.html").text == "<p>page"
    assert httpx.post(f"{secret}/take", content=b"one").status_code == 200
    assert posted == [b"one"]


@pytest.mark.parametrize("given", ["", f"/{TOKEN}x", f"/{TOKEN[:-1]}", f"/{TOKEN[:-1]}x", f"/{TOKEN.upper()}"])
def test_requests_without_the_token_are_refused(secret: str, posted: list[bytes], given: str) -> None:
    server = secret.removesuffix(f"/{TOKEN}")
    got, took = httpx.get(f"{server}{given}/page.html"), httpx.post(f"{server}{given}/take", content=b"one")
    assert (got.status_code, took.status_code) == (403, 403)
    assert "page" not in got.text
    assert posted == []


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("Origin", "http://127.0.0.1:1", 403), ("Origin", "null", 403), ("Host", "evil.example", 421)],
)
def test_the_token_alone_does_not_help_another_page(
    secret: str, posted: list[bytes], header: str, value: str, status: int
) -> None:
    assert httpx.post(f"{secret}/take", content=b"one", headers={header: value}).status_code == status
    assert posted == []


# --- WebSockets


class Conversation:
    """What is on a WebSocket whose messages are answered in capitals; one that says `no` is not taken."""

    def __init__(self) -> None:
        self.there, self.gone = threading.Event(), threading.Event()

    @contextlib.contextmanager
    def begin(self) -> Iterator[Callable[[bytes], bytes]]:
        self.there.set()
        yield self.answer
        self.gone.set()

    @staticmethod
    def answer(message: bytes) -> bytes:
        if message == b"no":
            raise ValueError("this is not taken")
        return message.upper()


@pytest.fixture
def conversation() -> Conversation:
    return Conversation()


@pytest.fixture
def talking(conversation: Conversation) -> Iterator[str]:
    with serving(Site({}, sockets={"/talk": conversation.begin}, token="secret")) as address:
        yield f"{address.replace('http', 'ws')}/talk"


def test_a_page_is_there_as_long_as_its_connection(conversation: Conversation, talking: str) -> None:
    with connect(talking):
        assert conversation.there.wait(60)
        assert not conversation.gone.is_set()
    assert conversation.gone.wait(60)


def test_messages_are_answered_in_their_order(talking: str) -> None:
    with connect(talking) as page:
        for message in ("one", ["in ", "several ", "parts"], b"x" * (1 << 20)):
            page.send(message)
        assert [page.recv() for _ in range(3)] == ["ONE", "IN SEVERAL PARTS", "X" * (1 << 20)]


def test_a_message_that_is_not_taken_ends_the_conversation(conversation: Conversation, talking: str) -> None:
    with connect(talking) as page:
        page.send("no")
        with pytest.raises(ConnectionClosedError) as caught:
            page.recv()
    assert caught.value.rcvd == Close(1008, "this is not taken")
    assert conversation.gone.wait(60)


def test_a_message_that_is_too_long_ends_the_conversation(conversation: Conversation, talking: str) -> None:
    def say(page: ClientConnection) -> None:
        page.send(b"x" * ((16 << 20) + 1))
        page.recv()

    with connect(talking, max_size=None) as page, pytest.raises(ConnectionClosed):
        say(page)
    assert conversation.gone.wait(60)


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({"Origin": "http://127.0.0.1:1"}, "talk", 403),
        ({"Origin": "null"}, "talk", 403),
        ({}, "../talk", 403),
        ({}, "other", 404),
    ],
)
def test_only_pages_of_the_server_with_its_token_may_talk(
    conversation: Conversation, talking: str, headers: dict[str, str], path: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as caught, connect(urljoin(talking, path), additional_headers=headers):
        pass
    assert caught.value.response.status_code == status
    assert not conversation.there.is_set()


def test_a_request_for_no_websocket_is_told_so(talking: str) -> None:
    answer = httpx.get(talking.replace("ws", "http", 1))
    assert (answer.status_code, answer.headers["Upgrade"]) == (426, "websocket")


def test_a_head_has_no_body(address: str) -> None:
    answer = httpx.head(f"{address}/python.wasm")
    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "11", b"")


def test_a_port_in_use_is_reported(address: str) -> None:
    port = int(address.rpartition(":")[2])
    with pytest.raises(PortTaken, match=rf"port {port} .* cannot be used"), serving(Site({}), port):
        pass
