"""Release archives from a real web server, alone and among other providers."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from harness.machine.fetch import WrongHash
from harness.machine.store import Store
from harness.provide.cpython_directory import CPythonDirectory
from harness.provide.obtain import availability, obtain
from harness.provide.provider import Obtained, Provider, silently
from harness.provide.release import ReleaseArchive, cpython_archive
from matrix.archives import Archive
from matrix.errors import MatrixError, Unobtainable
from tests import archives
from tests.integration.web import Web, free_port, sha256

pytestmark = pytest.mark.integration


def release(url: str, body: bytes, item: str = "cpython-3.13.5") -> ReleaseArchive:
    return cpython_archive(item, Archive(url=url, sha256={"any": sha256(body)}))


def obtained(provider: ReleaseArchive, store: Store) -> Obtained:
    return provider.obtain(store, silently)


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
    found = obtained(provider, store)
    web.requests.clear()
    assert provider.cached(store) == found == obtained(provider, store)
    assert web.requests == []


def test_a_damaged_entry_is_unpacked_again_without_a_request(web: Web, store: Store) -> None:
    body = archives.cpython()
    provider = release(web.serve("/Python-3.13.5.tgz", body), body)
    (obtained(provider, store).path / "configure").unlink()
    assert provider.cached(store) is None
    assert (obtained(provider, store).path / "configure").is_file()
    assert len(web.requests) == 1


def test_a_release_without_a_known_hash_is_never_requested(web: Web, store: Store) -> None:
    url = web.serve("/Python-3.13.5.tgz", archives.cpython())
    provider = cpython_archive("cpython-3.13.5", Archive(url=url, sha256={"another-machine": "0" * 64}))
    with pytest.raises(Unobtainable, match="no sha256 is known"):
        obtained(provider, store)
    assert "no sha256 is known" in (provider.obstacle(store) or "")
    assert provider.cached(store) is None
    assert web.requests == []


def test_the_release_for_this_machine_is_requested(web: Web, store: Store) -> None:
    body = archives.cpython()
    web.serve(f"/sdk-{platform.machine()}.tgz", body)
    archive = Archive(url=web.url("/sdk-{machine}.tgz"), sha256={platform.machine(): sha256(body)})
    assert (obtained(cpython_archive("sdk", archive), store).path / "configure").is_file()


def test_another_hash_of_the_same_release_is_another_entry(web: Web, store: Store) -> None:
    first, second = archives.cpython(), archives.cpython("Python-3.13.5", ("Python-3.13.5/new", ""))
    one = obtained(release(web.serve("/one.tgz", first), first), store)
    two = obtained(release(web.serve("/two.tgz", second), second), store)
    assert one.path != two.path
    assert one.digest != two.digest


def test_a_release_with_the_wrong_hash_is_refused(web: Web, store: Store) -> None:
    provider = release(web.serve("/Python-3.13.5.tgz", archives.cpython()), b"what is pinned")
    with pytest.raises(WrongHash):
        obtained(provider, store)
    assert provider.cached(store) is None


@pytest.mark.parametrize("kind", archives.HOSTILE)
def test_a_hostile_release_is_refused_and_leaves_nothing(web: Web, store: Store, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    body = archives.HOSTILE[kind](outside)
    with pytest.raises(Unobtainable, match="is refused"):
        obtained(release(web.serve("/Python-3.13.5.tgz", body), body), store)
    assert list((store.root / "entries").iterdir()) == []
    assert not list(tmp_path.rglob("evil"))
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_release_with_an_absolute_path_stays_inside(web: Web, store: Store, tmp_path: Path) -> None:
    body = archives.cpython("Python-3.13.5", (f"{tmp_path}/evil", "out"))
    with pytest.raises(Unobtainable, match="there is no `configure` in it"):
        obtained(release(web.serve("/Python-3.13.5.tgz", body), body), store)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "body", [b"<html>captive portal</html>", b"", archives.cpython()[:60]], ids=["a page", "nothing", "cut off"]
)
def test_a_release_that_is_not_an_archive_is_refused(web: Web, store: Store, body: bytes) -> None:
    with pytest.raises(Unobtainable, match="is damaged"):
        obtained(release(web.serve("/Python-3.13.5.tgz", body), body), store)
    assert list((store.root / "entries").iterdir()) == []


def test_a_release_with_other_content_is_refused(web: Web, store: Store) -> None:
    body = archives.tar(("other/README", ""), ("other/setup.py", ""))
    with pytest.raises(Unobtainable, match="does not contain what it should: there is no `configure` in it"):
        obtained(release(web.serve("/Python-3.13.5.tgz", body), body), store)


def test_a_release_may_become_available_later(web: Web, store: Store) -> None:
    body = archives.cpython()
    provider = release(web.url("/Python-3.13.5.tgz"), body)
    with pytest.raises(Unobtainable, match="404"):
        obtained(provider, store)
    web.serve("/Python-3.13.5.tgz", body)
    assert (obtained(provider, store).path / "configure").is_file()


def test_an_obstacle_is_what_the_server_answers(web: Web, store: Store) -> None:
    body = archives.cpython()
    assert release(web.serve("/Python-3.13.5.tgz", body), body).obstacle(store) is None
    assert "the server answered 404" in (release(web.url("/gone"), body).obstacle(store) or "")


# --- several providers


def unreachable() -> ReleaseArchive:
    return release(f"http://127.0.0.1:{free_port()}/Python-3.13.5.tgz", b"whatever")


def test_a_second_archive_replaces_an_unreachable_one(web: Web, store: Store) -> None:
    body = archives.cpython()
    providers = [unreachable(), release(web.serve("/mirror.tgz", body), body)]
    said: list[str] = []
    found = obtain("cpython-3.13.5", providers, store, said.append)
    assert found.detail == web.url("/mirror.tgz")
    (note,) = found.notes
    assert note.startswith("release archive: http://127.0.0.1:")
    assert "no connection" in note
    assert any("not from the release archive" in message for message in said)


def test_a_directory_replaces_an_unreachable_archive(store: Store, tmp_path: Path) -> None:
    (tmp_path / "tree/Include").mkdir(parents=True)
    (tmp_path / "tree/Include/patchlevel.h").write_text('#define PY_VERSION "3.13.5"\n')
    providers: list[Provider] = [unreachable(), CPythonDirectory(tmp_path / "tree")]
    found = obtain("cpython-3.13.5", providers, store, silently, refresh=True)
    assert found.provider == "directory"
    assert (found.path / "Include/patchlevel.h").read_text() == '#define PY_VERSION "3.13.5"\n'
    assert "no connection" in found.notes[0]


def test_a_changed_archive_is_passed_over_and_said_so(web: Web, store: Store) -> None:
    body = archives.cpython()
    providers = [release(web.serve("/one.tgz", b"changed"), b"pinned"), release(web.serve("/two.tgz", body), body)]
    found = obtain("cpython-3.13.5", providers, store, silently)
    assert found.detail == web.url("/two.tgz")
    assert "is pinned" in found.notes[0]


def test_what_is_in_the_cache_is_taken_without_a_request(web: Web, store: Store) -> None:
    body = archives.cpython()
    providers = [release(web.url("/gone.tgz"), b"gone"), release(web.serve("/mirror.tgz", body), body)]
    first = obtain("cpython-3.13.5", providers, store, silently)
    web.requests.clear()
    again = obtain("cpython-3.13.5", providers, store, silently)
    assert again == first
    assert "the server answered 404" in again.notes[0]
    assert web.requests == []


def test_refreshing_asks_the_better_provider_again(web: Web, store: Store) -> None:
    better, lesser = archives.cpython("Python-3.13.5", ("Python-3.13.5/new", "")), archives.cpython()
    providers = [release(web.url("/better.tgz"), better), release(web.serve("/lesser.tgz", lesser), lesser)]
    obtain("cpython-3.13.5", providers, store, silently)
    web.serve("/better.tgz", better)
    found = obtain("cpython-3.13.5", providers, store, silently, refresh=True)
    assert (found.detail, found.notes) == (web.url("/better.tgz"), ())


def test_the_error_has_the_reason_of_every_provider(web: Web, store: Store) -> None:
    body = archives.HOSTILE["a way out"](store.root)
    providers = [
        unreachable(),
        release(web.url("/gone.tgz"), b"gone"),
        release(web.serve("/hostile.tgz", body), body),
        cpython_archive("cpython-3.13.5", Archive(url=web.url("/unpinned.tgz"))),
    ]
    with pytest.raises(Unobtainable) as caught:
        obtain("cpython-3.13.5", providers, store, silently)
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
