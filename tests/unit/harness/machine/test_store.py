"""The cache: entries, locks and what killed runs leave."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import platformdirs
import pytest

from harness.machine.store import CACHE_NAME, VARIABLE, Provenance, Store, damage, snapshot
from matrix.errors import HarnessFault, Unobtainable, UsageError


class Maker:
    """Fills an entry and counts its calls."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.calls = 0
        self.problem = problem

    def __call__(self, directory: Path) -> Provenance:
        self.calls += 1
        (directory / "bin").mkdir()
        (directory / "bin/clang").write_text("a compiler")
        (directory / "link").symlink_to("bin/clang")
        if self.problem is not None:
            raise self.problem
        return Provenance(provider="a provider", detail="a detail", digest="a digest")


@pytest.fixture
def maker() -> Maker:
    return Maker()


def left_over(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "entries").iterdir())


# --- the root


def test_the_variable_names_the_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "elsewhere"))
    assert Store().root == tmp_path / "elsewhere"
    assert (tmp_path / "elsewhere/entries").is_dir()


def test_an_argument_overrides_the_variable(tmp_path: Path) -> None:
    assert Store(tmp_path / "mine").root == tmp_path / "mine"


@pytest.mark.parametrize("value", [None, ""])
def test_the_default_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setenv(VARIABLE, value) if value is not None else monkeypatch.delenv(VARIABLE)
    assert Store().root == platformdirs.user_cache_path(CACHE_NAME) == tmp_path / "user" / CACHE_NAME


def test_a_relative_root_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Store(Path("cache")).root == tmp_path / "cache"


def test_a_root_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessFault, match="cannot be made: Not a directory") as caught:
        Store(tmp_path / "file/cache")
    assert str(tmp_path / "file/cache") in str(caught.value)
    assert VARIABLE in caught.value.hint


@pytest.mark.parametrize("name", ["my cache", "a:b", "a'b"])
def test_a_root_that_breaks_builds_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="which configure and make cannot handle") as caught:
        Store(tmp_path / name)
    assert VARIABLE in caught.value.hint
    assert not (tmp_path / name).exists()


def test_a_link_to_a_root_that_breaks_builds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "my cache")
    with pytest.raises(UsageError, match=f"it is really {tmp_path}/my cache/sub: its path contains ' '"):
        Store(tmp_path / "link/sub")
    assert not (tmp_path / "my cache").exists()


def test_the_home_of_an_unknown_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "~no-such-user/cache")
    with pytest.raises(UsageError, match="~no-such-user/cache") as caught:
        Store()
    assert VARIABLE in caught.value.hint


def test_a_root_without_write_permission_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locks")
    with pytest.raises(HarnessFault, match=re.escape(f"{tmp_path}/cache/locks is not writable")) as caught:
        Store(tmp_path / "cache")
    assert "who owns it" in caught.value.hint
    assert VARIABLE in caught.value.hint


# --- entries


def test_an_entry_is_made_once(store: Store, maker: Maker) -> None:
    first, manifest = store.obtain("sdk", maker)
    second, again = store.obtain("sdk", maker)
    assert first == second == store.entry("sdk")
    assert manifest == again
    assert (first / "bin/clang").read_text() == "a compiler"
    assert maker.calls == 1


def test_another_store_with_the_same_root_finds_the_entry(store: Store, maker: Maker) -> None:
    store.obtain("sdk", maker)
    Store(store.root).obtain("sdk", maker)
    assert maker.calls == 1


def test_an_entry_has_a_manifest(store: Store, maker: Maker) -> None:
    assert store.manifest("sdk") is None
    store.obtain("sdk", maker)
    manifest = store.manifest("sdk")
    assert manifest is not None
    assert (manifest.digest, manifest.provider, manifest.detail) == ("a digest", "a provider", "a detail")
    assert manifest.files.keys() == {"bin/clang", "link"}


def test_other_users_can_read_an_entry(store: Store, maker: Maker) -> None:
    path, _ = store.obtain("sdk", maker)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_threads_make_the_same_entry_once(store: Store) -> None:
    maker = Maker()

    def slowly(directory: Path) -> Provenance:
        time.sleep(0.05)
        return maker(directory)

    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: store.obtain("sdk", slowly)[0], range(4)))
    assert paths == {store.entry("sdk")}
    assert maker.calls == 1


def grow(entry: Path) -> None:
    (entry / "bin/clang").write_text("a compiler, changed")


def touch(entry: Path) -> None:
    os.utime(entry / "bin/clang", (1, 1))


def remove(entry: Path) -> None:
    (entry / "bin/clang").unlink()


def relink(entry: Path) -> None:
    (entry / "link").unlink()
    (entry / "link").symlink_to("bin/other")


def forget(entry: Path) -> None:
    (entry / ".manifest.json").unlink()


def garble(entry: Path) -> None:
    (entry / ".manifest.json").write_text('{"digest": 1')


def flip(entry: Path) -> None:
    path = entry / ".manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"digest":"', b'"digest":"x', 1))


@pytest.mark.parametrize("harm", [grow, touch, remove, relink, forget, garble, flip])
def test_a_damaged_entry_is_made_again(store: Store, maker: Maker, harm: Callable[[Path], None]) -> None:
    path, _ = store.obtain("sdk", maker)
    harm(path)
    assert store.manifest("sdk") is None
    said: list[str] = []
    again, _ = store.obtain("sdk", maker, say=said.append)
    assert maker.calls == 2
    assert (again / "bin/clang").read_text() == "a compiler"
    assert store.manifest("sdk") is not None
    assert said == ["the cache entry sdk is damaged or incomplete: making it again"]


def test_added_files_and_byte_code_are_no_damage(store: Store, maker: Maker) -> None:
    path, _ = store.obtain("sdk", maker)
    (path / "__pycache__").mkdir()
    (path / "__pycache__/os.pyc").write_text("")
    (path / "new").write_text("")
    store.obtain("sdk", maker)
    assert maker.calls == 1


@pytest.mark.parametrize("problem", [Unobtainable("no such release"), RuntimeError("a bug")])
def test_a_failure_leaves_nothing(store: Store, problem: Exception) -> None:
    with pytest.raises(type(problem), match=str(problem)):
        store.obtain("sdk", Maker(problem))
    assert left_over(store) == []


def test_after_a_failure_an_entry_can_be_made(store: Store, maker: Maker) -> None:
    with pytest.raises(Unobtainable):
        store.obtain("sdk", Maker(Unobtainable("not now")))
    store.obtain("sdk", maker)
    assert left_over(store) == ["sdk"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_names_the_entry_and_the_variable(store: Store, number: int) -> None:
    with pytest.raises(HarnessFault, match=re.escape(os.strerror(number))) as caught:
        store.obtain("sdk", Maker(OSError(number, os.strerror(number))))
    assert str(store.entry("sdk")) in caught.value.message
    assert "free some space" in caught.value.hint
    assert VARIABLE in caught.value.hint
    assert left_over(store) == []


def test_another_os_error_does_not_blame_the_disk(store: Store) -> None:
    with pytest.raises(HarnessFault, match="No such file or directory: 'bin/clang'") as caught:
        store.obtain("sdk", Maker(OSError(errno.ENOENT, "No such file or directory", "bin/clang")))
    assert str(store.entry("sdk")) in caught.value.message
    assert "free some space" not in caught.value.hint
    assert left_over(store) == []


def test_ctrl_c_leaves_nothing(store: Store) -> None:
    def interrupted(directory: Path) -> Provenance:
        (directory / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.obtain("sdk", interrupted)
    assert left_over(store) == []


# --- locks


def test_waiting_for_a_lock_is_announced(store: Store, other: Store) -> None:
    said: list[str] = []
    order: list[str] = []
    held, waiting = threading.Event(), threading.Event()

    def hold() -> None:
        with other.lock("sdk"):
            held.set()
            waiting.wait(10)
            order.append("first")

    def say(message: str) -> None:
        said.append(message)
        waiting.set()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    with store.lock("sdk", say=say):
        order.append("second")
    holder.join()
    assert order == ["first", "second"]
    assert said == ["waiting for another run that holds sdk"]


def test_locks_with_different_names_are_independent(store: Store) -> None:
    said: list[str] = []
    with store.lock("one"), store.lock("two", say=said.append):
        pass
    assert said == []


# --- scratch, and what killed runs left


def test_scratch_is_removed_at_the_end(store: Store) -> None:
    with store.scratch("guest") as directory:
        (directory / "root").mkdir()
        assert directory.parent == store.root / "scratch"
    assert not directory.exists()


def test_what_killed_runs_left_is_removed(store: Store, maker: Maker) -> None:
    store.obtain("sdk", maker)
    gone = store.root / "scratch" / "guest-4194305-abc"  # beyond the largest process id
    gone.mkdir()
    half = store.root / "entries" / ".sdk-abc"
    half.mkdir()
    part = store.root / "downloads" / ".part-abc"
    part.write_text("half a download")
    os.utime(part, (1, 1))
    store.remove_left_over()
    assert not gone.exists()
    assert not half.exists()
    assert not part.exists()
    assert store.manifest("sdk") is not None


def test_what_running_runs_use_is_kept(store: Store) -> None:
    young = store.root / "entries" / ".sdk-abc"
    young.mkdir()
    part = store.root / "downloads" / ".part-abc"
    part.write_text("half a download")
    with store.scratch("guest") as directory, store.lock("sdk"):  # whoever makes the entry holds its lock
        store.remove_left_over()
        assert directory.exists()
    assert young.exists()
    assert part.exists()


# --- damage


def test_a_snapshot_has_every_file_and_no_byte_code(tmp_path: Path) -> None:
    for name in ("a", "b/c", "b/d/e", "b/__pycache__/f"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "dangling").symlink_to("nowhere")
    assert list(snapshot(tmp_path)) == ["a", "b/c", "b/d/e", "dangling"]


def test_damage_names_the_file(store: Store, maker: Maker) -> None:
    path, manifest = store.obtain("sdk", maker)
    assert damage(path, manifest) is None
    remove(path)
    assert damage(path, manifest) == "bin/clang"
