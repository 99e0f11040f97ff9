"""Runs one cell on differently set-up hosts, and compares the outcomes: they must be equal.

The hosts differ in their user (root, and one who has no rights), in umask, and in TZ and LANG. The ordinary user has a
copy of the cache at the cache's own path, in a mount namespace, so that nothing has to be built again. Only root can
make that: anybody else measures the other hosts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.timing import TOP
from harness.machine.store import VARIABLE, Store
from harness.suite.results import read_results
from matrix.outcome import Status

NOBODY = 65534
"""the user and the group without rights on most systems"""
COPIED = ("builds", "state")
"""the cache's directories that a run of a built cell writes to, and reads from; it only reads the entries"""
_MOUNT = """
copy=$1 cache=$2
shift 2
for entry in "$copy"/entries/*; do mount --bind "$cache/entries/${entry##*/}" "$entry" || exit 125; done
mount --rbind "$copy" "$cache" && exec "$@"
"""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One way to set up a host."""

    name: str
    umask: int
    env: dict[str, str] = {}
    ordinary: bool = False
    """whether the harness runs as an ordinary user; otherwise as whoever runs this"""


_EAST = {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"}
_WEST = {"TZ": "America/St_Johns", "LANG": "C", "LC_ALL": "C"}
HOSTS = (
    Host(name="umask 022", umask=0o022),
    Host(name="umask 002, TZ and LANG east", umask=0o002, env=_EAST),
    Host(name="umask 077, TZ and LANG west", umask=0o077, env=_WEST),
    Host(name="ordinary user, umask 022", umask=0o022, ordinary=True),
    Host(name="ordinary user, umask 002, TZ and LANG west", umask=0o002, env=_WEST, ordinary=True),
    Host(name="ordinary user, umask 077, TZ and LANG east", umask=0o077, env=_EAST, ordinary=True),
)

Outcomes = Mapping[str, str]
"""by test: the status, and why it was skipped"""


class Equality(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    tests: dict[str, int]
    """by host: how many outcomes"""
    differences: list[str]
    """each with the test, the host, and what was seen on the first host and on this one"""


def measure(
    words: Sequence[str], hosts: Sequence[Host], directory: Path, store: Store, say: Callable[[str], None]
) -> Equality:
    """Run `python -m harness test WORDS` on each host. Their runs are in `directory` afterwards."""
    found: dict[str, Outcomes] = {}
    copy = directory / "cache"
    for number, host in enumerate(hosts):
        if host.ordinary and (why := no_ordinary_user()):
            say(f"{host.name}: left out: {why}")
            continue
        say(host.name)
        if host.ordinary:
            _copy_cache(store.root, copy)
        name = f"host{number}"
        kept = (copy if host.ordinary else directory) / name
        kept.mkdir(parents=True)
        out = store.root / name if host.ordinary else kept  # as the run sees it
        command = [sys.executable, "-m", "harness", "test", *words, "--no-reuse", "--out", str(out)]
        if host.ordinary:
            os.chown(kept, NOBODY, NOBODY)
            command = as_ordinary_user(command, copy, store.root)
        env = {name: value for name, value in os.environ.items() if name not in ("TZ", "LANG", "LC_ALL")}
        env |= {VARIABLE: str(store.root), "HOME": str(out), "TMPDIR": str(out), **host.env}
        with (directory / f"{name}.log").open("wb") as log:
            subprocess.run(command, cwd=TOP, env=env, umask=host.umask, stdout=log, stderr=log, check=False)
        found[host.name] = outcomes(kept)
    for kept in copy.glob("host*"):
        shutil.move(kept, directory)
    shutil.rmtree(copy, ignore_errors=True)  # gigabytes, which is also what linters would look at
    return Equality(tests={name: len(seen) for name, seen in found.items()}, differences=differences(found))


_AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all")


def no_ordinary_user() -> str:
    """Why no ordinary user can run the harness from here; "" when one can."""
    if os.geteuid() != 0:
        return "only root can become another user"
    code = "import subprocess, sys; import harness; subprocess.run([sys.executable, '--version'], check=True)"
    command = ["unshare", "--mount", *_AS_NOBODY, sys.executable, "-c", code]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""


def _copy_cache(root: Path, copy: Path) -> None:
    """Copy what a run of a built cell writes to, for an ordinary user; once. The entries are only mount points."""
    if copy.exists():
        return
    for entry in (root / "entries").iterdir():
        if entry.is_dir() and not entry.name.startswith("."):
            (copy / "entries" / entry.name).mkdir(parents=True)
    for name in COPIED:
        shutil.copytree(root / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("results", "apt"))
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(copy)], check=True)


def as_ordinary_user(command: Sequence[str], copy: Path, cache: Path) -> list[str]:
    """A command for root that runs `command` as a user without rights, who has `copy` in place of `cache`."""
    return ["unshare", "--mount", "sh", "-c", _MOUNT, "sh", str(copy), str(cache), *_AS_NOBODY, *command]


def outcomes(out: Path) -> dict[str, str]:
    """The outcomes of the one run in a directory."""
    found: dict[str, str] = {}
    for path in out.glob("2*/cells/*/outcomes.jsonl"):
        for result in read_results(path).values():
            for one in result.outcomes:
                why = f": {one.detail}" if one.status is Status.SKIPPED else ""
                found[one.test] = f"{one.status.value}{why}"
    return found


def differences(found: Mapping[str, Outcomes]) -> list[str]:
    """What differs from the first host, by test and host."""
    lines = []
    base, *others = found
    for name in others:
        for test in sorted(found[base].keys() | found[name].keys()):
            before, after = found[base].get(test, "no outcome"), found[name].get(test, "no outcome")
            if before != after:
                lines.append(f"{test}: {before} with {base}, {after} with {name}")
    return lines


def show(found: Equality, console: Console) -> None:
    for name, count in found.tests.items():
        console.print(f"{count:6} outcomes  {name}", highlight=False)
    console.print(f"{len(found.differences)} differences")
    for line in found.differences:
        console.print(f"  {line}", markup=False, soft_wrap=True)
