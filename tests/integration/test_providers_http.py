"""Downloads and release archives, against a real web server that does what servers do."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.machine.fetch import WrongHash, download, reachable
from harness.machine.store import Store
from harness.provide.directory import CPythonDirectory
from harness.provide.obtain import Obtained, Provider, availability, obtain
from harness.provide.release import ReleaseArchive, cpython_archive
from matrix.archives import Archive
from matrix.errors import MatrixError, Unobtainable
from tests import archives
from tests.integration.web import Request, Web, free_port, serving, silence

pytestmark = pytest.mark.integration

SHORT, LONG = httpx.Timeout(0.3), httpx.Timeout(20.0)
BODY = b"some bytes of a release\n" * 1000


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def web(server: Web) -> Web:
    """The server, as new."""
    server.answers.clear()
    server.requests.clear()
    return server


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store, in which nothing unfinished may be left by any of these tests."""
    store = Store(tmp_path / "cache")
    yield store
    for place in ("downloads", "entries", "scratch"):
        assert not [path.name for path in (store.root / place).iterdir() if path.name.startswith(".")]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fetched(url: str, store: Store, *, body: bytes = BODY, timeout: httpx.Timeout = LONG) -> Path:
    return download(url, sha256(body), store.root / "downloads", timeout=timeout, pause=0.0)


def release(url: str, body: bytes, item: str = "cpython-3.13.5") -> ReleaseArchive:
    return cpython_archive(item, Archive(url=url, sha256={"any": sha256(body)}))


def had(provider: ReleaseArchive, store: Store) -> Obtained:
    return provider.obtain(store, lambda message: None)


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


def test_a_file_that_is_there_is_not_fetched_again(web: Web, store: Store) -> None:
    url = web.serve("/sdk.tar.gz", BODY)
    assert fetched(url, store) == fetched(url, store)
    assert web.requests == ["GET /sdk.tar.gz"]


def test_a_file_that_was_damaged_since_is_fetched_again(web: Web, store: Store) -> None:
    url = web.serve("/sdk.tar.gz", BODY)
    fetched(url, store).write_bytes(BODY[:-1])
    assert fetched(url, store).read_bytes() == BODY
    assert len(web.requests) == 2


def test_progress_is_told(web: Web, store: Store) -> None:
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


def test_a_file_that_a_server_calls_encoded_is_stored_as_it_was_sent(web: Web, store: Store) -> None:
    body = archives.cpython()
    url = web.does("/a.tar.gz", lambda request: request.answer(200, body, Content_Encoding="gzip"))
    assert fetched(url, store, body=body).read_bytes() == body


def test_two_runs_may_fetch_the_same_file_at_once(web: Web, store: Store) -> None:
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


# --- servers that do not do as they should


def test_a_transfer_that_breaks_off_is_tried_again(web: Web, store: Store) -> None:
    url = web.does(
        "/sdk.tar.gz",
        lambda request: request.answer(200, BODY[:100], length=len(BODY)),
        lambda request: request.answer(200, BODY),
    )
    assert fetched(url, store).read_bytes() == BODY
    assert len(web.requests) == 2


def test_a_transfer_that_breaks_off_each_time_is_given_up(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(200, BODY[:100], length=len(BODY)))
    assert "RemoteProtocolError" in refusal(url, store)
    assert len(web.requests) == 3


def test_a_server_error_is_tried_again(web: Web, store: Store) -> None:
    failures = [lambda request: request.answer(500)] * 2
    url = web.does("/sdk.tar.gz", *failures, lambda request: request.answer(200, BODY))
    assert fetched(url, store).read_bytes() == BODY
    assert len(web.requests) == 3


def test_a_server_error_that_stays_is_given_up(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(503))
    assert "the server answered 503 Service Unavailable" in refusal(url, store)
    assert len(web.requests) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_not_there_is_not_tried_again(web: Web, store: Store, status: int) -> None:
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


def test_endless_redirects_are_given_up(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(302, Location="/sdk.tar.gz"))
    assert "TooManyRedirects" in refusal(url, store)
    assert len(web.requests) <= 18


def test_a_redirect_to_a_file_of_the_machine_is_refused(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", lambda request: request.answer(302, Location="file:///etc/hostname"))
    assert "UnsupportedProtocol" in refusal(url, store)


def test_a_server_that_stalls_in_the_middle_is_given_up(web: Web, store: Store) -> None:
    def stall(request: Request) -> None:
        request.answer(200, BODY[:100], length=len(BODY))
        request.ending.wait(5)

    assert "no data in time (ReadTimeout)" in refusal(web.does("/sdk.tar.gz", stall), store, SHORT)
    assert len(web.requests) == 3


def test_a_server_that_says_nothing_is_given_up(web: Web, store: Store) -> None:
    url = web.does("/sdk.tar.gz", silence)
    assert "no data in time" in refusal(url, store, SHORT)


def test_a_server_that_is_not_there_is_given_up_at_once(store: Store) -> None:
    assert "no connection" in refusal(f"http://127.0.0.1:{free_port()}/sdk.tar.gz", store)


# --- whether it answers


def test_reachability_is_told_without_fetching(web: Web) -> None:
    assert reachable(web.serve("/sdk.tar.gz", BODY)) is None
    assert reachable(web.url("/gone")) == "the server answered 404"
    assert web.requests == ["HEAD /sdk.tar.gz", "HEAD /gone"]


def test_a_server_that_is_not_there_is_not_reachable() -> None:
    assert (reachable(f"http://127.0.0.1:{free_port()}/") or "").startswith("no connection")


def test_a_silent_server_is_not_reachable(web: Web) -> None:
    url = web.does("/sdk.tar.gz", silence)
    assert reachable(url, timeout=0.2) == "no answer in time"


# --- a release archive


def test_a_release_is_downloaded_and_unpacked(web: Web, store: Store) -> None:
    body = archives.cpython()
    said: list[str] = []
    url = web.serve("/Python-3.13.5.tgz", body)
    found = release(url, body).obtain(store, said.append)
    assert (found.path / "configure").is_file()
    assert (found.path / "Lib/os.py").read_text() == "# os\n"
    assert (found.provider, found.detail, found.digest) == ("release archive", url, sha256(body))
    assert said == [f"cpython-3.13.5: downloading {url}"]


def test_a_release_is_cached_afterwards(web: Web, store: Store) -> None:
    body = archives.cpython()
    provider = release(web.serve("/Python-3.13.5.tgz", body), body)
    assert provider.cached(store) is None
    found = had(provider, store)
    web.requests.clear()
    assert provider.cached(store) == found == had(provider, store)
    assert web.requests == []


def test_a_damaged_entry_is_unpacked_again_without_a_request(web: Web, store: Store) -> None:
    body = archives.cpython()
    provider = release(web.serve("/Python-3.13.5.tgz", body), body)
    (had(provider, store).path / "configure").unlink()
    assert provider.cached(store) is None
    assert (had(provider, store).path / "configure").is_file()
    assert len(web.requests) == 1


def test_a_release_without_a_known_hash_is_never_requested(web: Web, store: Store) -> None:
    url = web.serve("/Python-3.13.5.tgz", archives.cpython())
    provider = cpython_archive("cpython-3.13.5", Archive(url=url, sha256={"another-machine": "0" * 64}))
    with pytest.raises(Unobtainable, match="no sha256 is known"):
        had(provider, store)
    assert "no sha256 is known" in (provider.available(store) or "")
    assert provider.cached(store) is None
    assert web.requests == []


def test_a_release_of_this_machine_is_requested(web: Web, store: Store) -> None:
    body = archives.cpython()
    web.serve(f"/sdk-{platform.machine()}.tgz", body)
    archive = Archive(url=web.url("/sdk-{machine}.tgz"), sha256={platform.machine(): sha256(body)})
    assert (had(cpython_archive("sdk", archive), store).path / "configure").is_file()


def test_another_hash_of_the_same_release_is_another_entry(web: Web, store: Store) -> None:
    first, second = archives.cpython(), archives.cpython("Python-3.13.5", ("Python-3.13.5/new", ""))
    one = had(release(web.serve("/one.tgz", first), first), store)
    two = had(release(web.serve("/two.tgz", second), second), store)
    assert one.path != two.path
    assert one.digest != two.digest


def test_a_release_with_the_wrong_hash_is_refused(web: Web, store: Store) -> None:
    provider = release(web.serve("/Python-3.13.5.tgz", archives.cpython()), b"what is pinned")
    with pytest.raises(WrongHash):
        had(provider, store)
    assert provider.cached(store) is None


@pytest.mark.parametrize("kind", archives.HOSTILE)
def test_a_hostile_release_is_refused_and_leaves_nothing(web: Web, store: Store, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    body = archives.HOSTILE[kind](outside)
    with pytest.raises(Unobtainable, match="is refused"):
        had(release(web.serve("/Python-3.13.5.tgz", body), body), store)
    assert list((store.root / "entries").iterdir()) == []
    assert not list(tmp_path.rglob("evil"))
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_release_with_an_absolute_path_stays_inside(web: Web, store: Store, tmp_path: Path) -> None:
    body = archives.cpython("Python-3.13.5", (f"{tmp_path}/evil", "out"))
    with pytest.raises(Unobtainable, match="there is no `configure` in it"):
        had(release(web.serve("/Python-3.13.5.tgz", body), body), store)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("body", [b"<html>captive portal</html>", b"", archives.cpython()[:60]])
def test_a_release_that_is_no_archive_is_refused(web: Web, store: Store, body: bytes) -> None:
    with pytest.raises(Unobtainable, match="is damaged"):
        had(release(web.serve("/Python-3.13.5.tgz", body), body), store)
    assert list((store.root / "entries").iterdir()) == []


def test_a_release_that_holds_something_else_is_refused(web: Web, store: Store) -> None:
    body = archives.tar(("other/README", ""), ("other/setup.py", ""))
    with pytest.raises(Unobtainable, match="does not hold what it should: there is no `configure` in it"):
        had(release(web.serve("/Python-3.13.5.tgz", body), body), store)


def test_what_could_not_be_had_can_be_had_later(web: Web, store: Store) -> None:
    body = archives.cpython()
    provider = release(web.url("/Python-3.13.5.tgz"), body)
    with pytest.raises(Unobtainable, match="404"):
        had(provider, store)
    web.serve("/Python-3.13.5.tgz", body)
    assert (had(provider, store).path / "configure").is_file()


def test_whether_a_release_is_available_is_told(web: Web, store: Store) -> None:
    body = archives.cpython()
    assert release(web.serve("/Python-3.13.5.tgz", body), body).available(store) is None
    assert "the server answered 404" in (release(web.url("/gone"), body).available(store) or "")


# --- one provider after the other


def unreachable() -> ReleaseArchive:
    return release(f"http://127.0.0.1:{free_port()}/Python-3.13.5.tgz", b"whatever")


def test_a_second_archive_stands_in_for_one_that_is_not_reachable(web: Web, store: Store) -> None:
    body = archives.cpython()
    providers = [unreachable(), release(web.serve("/mirror.tgz", body), body)]
    said: list[str] = []
    found = obtain("cpython-3.13.5", providers, store, said.append)
    assert found.detail == web.url("/mirror.tgz")
    (note,) = found.notes
    assert note.startswith("release archive: http://127.0.0.1:")
    assert "no connection" in note
    assert any("not from the release archive" in message for message in said)


def test_a_directory_stands_in_for_an_archive_that_is_not_reachable(store: Store, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    providers: list[Provider] = [unreachable(), CPythonDirectory(tmp_path / "tree")]
    found = obtain("cpython-3.13.5", providers, store, lambda message: None, refresh=True)
    assert (found.path, found.provider) == (tmp_path / "tree", "directory")
    assert "no connection" in found.notes[0]


def test_a_changed_archive_is_passed_over_and_said_so(web: Web, store: Store) -> None:
    body = archives.cpython()
    providers = [release(web.serve("/one.tgz", b"changed"), b"pinned"), release(web.serve("/two.tgz", body), body)]
    found = obtain("cpython-3.13.5", providers, store, lambda message: None)
    assert found.detail == web.url("/two.tgz")
    assert "is pinned" in found.notes[0]


def test_what_is_in_the_cache_is_taken_without_a_request(web: Web, store: Store) -> None:
    body = archives.cpython()
    providers = [release(web.url("/gone.tgz"), b"gone"), release(web.serve("/mirror.tgz", body), body)]
    first = obtain("cpython-3.13.5", providers, store, lambda message: None)
    web.requests.clear()
    again = obtain("cpython-3.13.5", providers, store, lambda message: None)
    assert again == first
    assert "the server answered 404" in again.notes[0]
    assert web.requests == []


def test_refreshing_asks_the_better_one_again(web: Web, store: Store) -> None:
    better, lesser = archives.cpython("Python-3.13.5", ("Python-3.13.5/new", "")), archives.cpython()
    providers = [release(web.url("/better.tgz"), better), release(web.serve("/lesser.tgz", lesser), lesser)]
    obtain("cpython-3.13.5", providers, store, lambda message: None)
    web.serve("/better.tgz", better)
    found = obtain("cpython-3.13.5", providers, store, lambda message: None, refresh=True)
    assert (found.detail, found.notes) == (web.url("/better.tgz"), ())


def test_when_every_provider_fails_each_ones_reason_is_named(web: Web, store: Store) -> None:
    body = archives.HOSTILE["a way out"](store.root)
    providers = [
        unreachable(),
        release(web.url("/gone.tgz"), b"gone"),
        release(web.serve("/hostile.tgz", body), body),
        cpython_archive("cpython-3.13.5", Archive(url=web.url("/unpinned.tgz"))),
    ]
    with pytest.raises(Unobtainable) as caught:
        obtain("cpython-3.13.5", providers, store, lambda message: None)
    message = str(caught.value)
    for reason in ("no connection", "the server answered 404", "is refused", "no sha256 is known"):
        assert reason in message
    assert message.count("  - release archive: ") == 4
    assert isinstance(caught.value, MatrixError)
    assert caught.value.exit_status == 3


def test_availability_asks_each_provider_until_one_has_it(web: Web, store: Store) -> None:
    body = archives.cpython()
    state = availability("item", [unreachable(), release(web.serve("/mirror.tgz", body), body)], store)
    assert (state.provider, state.detail) == ("release archive", "can be fetched")
    assert "no connection" in state.reasons[0]
    assert web.requests == ["HEAD /mirror.tgz"]
