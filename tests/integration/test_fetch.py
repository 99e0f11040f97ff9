"""Downloads from a real web server that does what servers do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.machine.fetch import WrongHash, download, reachable
from harness.machine.store import Store
from matrix.errors import Unobtainable
from tests import archives
from tests.integration.web import Request, Web, free_port, sha256, silence

pytestmark = pytest.mark.integration

SHORT, LONG = httpx.Timeout(0.3), httpx.Timeout(20.0)
BODY = b"some bytes of a release\n" * 1000


def fetched(url: str, store: Store, *, body: bytes = BODY, timeout: httpx.Timeout = LONG) -> Path:
    return download(url, sha256(body), store.root / "downloads", timeout=timeout, pause=0.0)


def refusal(url: str, store: Store, timeout: httpx.Timeout = LONG) -> str:
    with pytest.raises(Unobtainable) as caught:
        fetched(url, store, timeout=timeout)
    assert url in caught.value.message
    assert list((store.root / "downloads").iterdir()) == []
    return caught.value.message


# --- a download


def test_a_file_is_stored_under_its_hash(web: Web, store: Store) -> None:
    path = fetched(web.serve("/sdk.tar.gz", BODY), store)
    assert path.read_bytes() == BODY
    assert path.name == f"{sha256(BODY)[:16]}-sdk.tar.gz"
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_file_is_not_fetched_again(web: Web, store: Store) -> None:
    url = web.serve("/sdk.tar.gz", BODY)
    assert fetched(url, store) == fetched(url, store)
    assert web.requests == ["GET /sdk.tar.gz"]


def test_a_damaged_file_is_fetched_again(web: Web, store: Store) -> None:
    url = web.serve("/sdk.tar.gz", BODY)
    fetched(url, store).write_bytes(BODY[:-1])
    assert fetched(url, store).read_bytes() == BODY
    assert len(web.requests) == 2


def test_progress_is_reported(web: Web, store: Store) -> None:
    body = bytes(3 << 20)
    told: list[tuple[int, int | None]] = []
    download(
        web.serve("/large", body),
        sha256(body),
        store.root / "downloads",
        tick=lambda received, total: told.append((received, total)),
    )
    assert told == sorted(told)
    assert told[-1] == (len(body), len(body))


def test_a_content_encoding_is_not_decoded(web: Web, store: Store) -> None:
    body = archives.cpython()
    url = web.does("/a.tar.gz", lambda request: request.answer(200, body, Content_Encoding="gzip"))
    assert fetched(url, store, body=body).read_bytes() == body


def test_several_runs_may_fetch_the_same_file_at_once(web: Web, store: Store) -> None:
    url = web.serve("/sdk.tar.gz", BODY)
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: fetched(url, store), range(4)))
    assert [path.read_bytes() for path in paths] == [BODY]


def test_other_content_is_refused_with_both_hashes(web: Web, store: Store) -> None:
    url = web.serve("/sdk.tar.gz", b"something else")
    with pytest.raises(WrongHash) as caught:
        fetched(url, store)
    assert sha256(b"something else") in caught.value.message
    assert sha256(BODY) in caught.value.message
    assert "do not use it" in caught.value.hint
    assert list((store.root / "downloads").iterdir()) == []
    assert len(web.requests) == 1


def test_ctrl_c_leaves_nothing(web: Web, store: Store) -> None:
    def interrupt(received: int, total: int | None) -> None:
        raise KeyboardInterrupt

    url = web.serve("/sdk.tar.gz", BODY)
    with pytest.raises(KeyboardInterrupt):
        download(url, sha256(BODY), store.root / "downloads", tick=interrupt)
    assert list((store.root / "downloads").iterdir()) == []


# --- misbehaving servers


def test_a_broken_transfer_is_retried(web: Web, store: Store) -> None:
    url = web.does(
        "/sdk.tar.gz",
        lambda request: request.answer(200, BODY[:100], length=len(BODY)),
        lambda request: request.answer(200, BODY),
    )
    assert fetched(url, store).read_bytes() == BODY
    assert len(web.requests) == 2


def test_repeated_broken_transfers_are_an_error(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(200, BODY[:100], length=len(BODY)))
    assert "RemoteProtocolError" in refusal(url, store)
    assert len(web.requests) == 3


def test_a_server_error_is_retried(web: Web, store: Store) -> None:
    failures = [lambda request: request.answer(500)] * 2
    url = web.does("/sdk.tar.gz", *failures, lambda request: request.answer(200, BODY))
    assert fetched(url, store).read_bytes() == BODY
    assert len(web.requests) == 3


def test_repeated_server_errors_are_an_error(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(503))
    assert "the server answered 503 Service Unavailable" in refusal(url, store)
    assert len(web.requests) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_client_error_is_not_retried(web: Web, store: Store, status: int) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(status, b"<html>no</html>"))
    assert f"the server answered {status}" in refusal(url, store)
    assert len(web.requests) == 1


def test_redirects_are_followed(web: Web, store: Store) -> None:
    web.serve("/files/1234", BODY)
    web.does("/latest", lambda request: request.answer(302, Location="/files/1234"))
    url = web.does("/sdk.tar.gz", lambda request: request.answer(301, Location=web.url("/latest")))
    path = fetched(url, store)
    assert path.read_bytes() == BODY
    assert path.name.endswith("-sdk.tar.gz")


def test_endless_redirects_are_an_error(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(302, Location="/sdk.tar.gz"))
    assert "TooManyRedirects" in refusal(url, store)
    assert len(web.requests) <= 18


def test_a_redirect_to_a_local_file_is_refused(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(302, Location="file:///etc/hostname"))
    assert "UnsupportedProtocol" in refusal(url, store)


def test_a_stalled_transfer_is_an_error(web: Web, store: Store) -> None:
    def stall(request: Request) -> None:
        request.answer(200, BODY[:100], length=len(BODY))
        request.ending.wait(5)

    assert "no data in time (ReadTimeout)" in refusal(web.does("/sdk.tar.gz", stall), store, SHORT)
    assert len(web.requests) == 3


def test_a_silent_server_is_an_error(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", silence)
    assert "no data in time" in refusal(url, store, SHORT)


def test_a_refused_connection_is_not_retried(store: Store) -> None:
    assert "no connection" in refusal(f"http://127.0.0.1:{free_port()}/sdk.tar.gz", store)


# --- reachability


def test_reachability_is_found_without_fetching(web: Web) -> None:
    assert reachable(web.serve("/sdk.tar.gz", BODY)) is None
    assert reachable(web.url("/gone")) == "the server answered 404"
    assert web.requests == ["HEAD /sdk.tar.gz", "HEAD /gone"]


def test_a_refused_connection_is_not_reachable() -> None:
    assert (reachable(f"http://127.0.0.1:{free_port()}/") or "").startswith("no connection")


def test_a_silent_server_is_not_reachable(web: Web) -> None:
    url = web.does("/sdk.tar.gz", silence)
    assert reachable(url, timeout=0.2) == "no answer in time"
