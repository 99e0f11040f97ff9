"""Small real parts of the harness that keep something: each makes it, and uses it after it was damaged."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import cache
from itertools import chain
from pathlib import Path

import msgspec

from harness.build import manifest
from harness.build.configure_answers import leave_answers, take_answers
from harness.build.execute import execute
from harness.build.recipes import layout
from harness.build.stage import discard_changed, stage_sources
from harness.build.step import BuildPlan, Step
from harness.build.tree import BuildFiles
from harness.build.watcher import Silent
from harness.guests.events import EventReader, ModuleProgress
from harness.guests.runtimes.compiled import compiled
from harness.machine.store import Provenance, Store
from harness.provide import snapshot
from harness.suite.batch import ModulePlan
from harness.suite.edits import Tree
from harness.suite.reuse import KeptResults
from harness.suite.schedule import Durations
from matrix.errors import MatrixError
from matrix.outcome import Status
from tests.fuzz.judge import Seen
from tests.unit import made

Use = Callable[[Path], Seen]
"""makes in a directory what is not there, or uses what is there"""


def used(work: Callable[[list[str]], object]) -> Seen:
    """What `work` returns and says, or how it failed. It gets a list to which it adds what it tells the user."""
    said: list[str] = []
    try:
        return Seen(result=work(said), green=True, said="\n".join(said))
    except (MatrixError, OSError) as exc:
        return Seen(result=None, green=False, said="\n".join([*said, str(exc)]))
    except Exception as exc:
        return Seen(result=None, green=False, said=f"{type(exc).__name__}: {exc}", unforeseen=True)


def _contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != ".manifest.json"
    }


def entry(place: Path) -> Seen:
    """An entry of the cache, such as an SDK."""

    def fill(target: Path) -> Provenance:
        (target / "bin").mkdir()
        for number in range(3):
            (target / f"bin/tool{number}").write_text(f"the tool {number}\n" * 20)
        return Provenance(provider="a provider", detail="version 1", digest="the digest of the tools")

    def work(said: list[str]) -> object:
        path, manifest = Store(place).obtain("an-sdk", fill, say=said.append)
        return _contents(path), manifest.provider, manifest.detail, manifest.digest

    return used(work)


def build(place: Path) -> Seen:
    """A build of two steps, the second of which does nothing when its output is newer than what it is made from."""
    store = Store(place)
    work = store.root / "builds/a-build"
    work.mkdir(parents=True, exist_ok=True)
    object_file, program = work / "main.o", work / "python.wasm"
    link = 'test python.wasm -nt main.o || { cat main.o main.o > python.wasm; touch -d "+1 second" python.wasm; }'
    steps = (
        Step(name="compile", title="", argv=("sh", "-c", "seq 100 > main.o"), cwd=work, outputs=(object_file,)),
        Step(name="make", title="", argv=("sh", "-c", link), cwd=work, outputs=(program,)),
    )
    plan = BuildPlan(name="a build", directory=work, steps=steps)

    def work_on(said: list[str]) -> object:
        execute(plan, store, Silent(), say=said.append)
        return object_file.read_bytes(), program.read_bytes()

    return used(work_on)


def compiled_module(place: Path) -> Seen:
    """The module that a runtime has compiled."""

    def work(said: list[str]) -> object:
        path = compiled(Store(place), "a-module.cwasm", lambda target: _ignore(target.write_bytes(b"compiled" * 500)))
        return path.read_bytes()

    return used(work)


def _ignore(_: object) -> None:
    return None


def tree(place: Path) -> Seen:
    """The snapshot of a user's checkout."""

    def work(said: list[str]) -> object:
        found = snapshot.of_tree(_checkout(), Store(place / "cache"), said.append)
        return _contents(found.path), found.digest

    return used(work)


@cache
def _checkout() -> Path:
    """A tree that nobody changes. A file that was changed just now would be read again each time."""
    checkout = Path(tempfile.mkdtemp(prefix="fuzz-checkout-"))
    for name in ("Lib/os.py", "Lib/test/test_os.py", "Python/ceval.c", "configure"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(f"this is {name}\n" * 20)
    time.sleep(2.1)
    return checkout


def guest_tree(place: Path) -> Seen:
    """The tree that guests share, laid out from the sources."""
    source, directory = _checkout(), place / "builds/a-build"
    (directory / ".steps").mkdir(parents=True, exist_ok=True)
    parts = layout.Parts(
        source=source,
        source_digest="the sources",
        make_digest="what make reads",
        configure_digest="",
        entries=tuple(path.name for path in source.iterdir()),
        sdk=place,
        sdk_digest="",
        files=BuildFiles(config_site=""),
        python=place,
        build_machine="",
        directory=directory,
    )
    tree = layout.guest_tree(directory)

    def work(said: list[str]) -> object:
        discard_changed(parts)
        stage_sources(parts)
        if not manifest.mark(tree):
            manifest.record(tree)
        return _contents(tree), manifest.mark(tree)

    return used(work)


def configured(place: Path) -> Seen:
    """configure's answers: those that are shared, or those that configure finds itself."""
    found, shared = b"ac_cv_func_fork=${ac_cv_func_fork=no}\nac_cv_func_pipe=${ac_cv_func_pipe=no}\n", place / "shared"

    def work(said: list[str]) -> object:
        with tempfile.TemporaryDirectory(dir=place) as build:
            cache = Path(build) / "config.cache"
            take_answers(shared, cache)
            if not cache.exists():
                cache.write_bytes(found)
            leave_answers(cache, shared)
            return cache.read_bytes()

    return used(work)


_FILES = {"/Lib/a.py": "1", "/Lib/b.py": "1"}
_PLANS = tuple(ModulePlan(module=f"test_{letter}") for letter in "abc")


def kept_results(place: Path) -> Seen:
    """Results of earlier runs, with other sources. What cannot be believed is as if it had not been kept."""
    observed = {
        plan.module: made.result(
            made.outcome(f"test.{plan.module}.T.test_x"),
            made.outcome(f"test.{plan.module}.T.test_y", Status.SKIPPED, "there is no fork"),
            module=plan.module,
            digest="a-digest",
            finished=1.0,
            reads=("/Lib/a.py",),
        )
        for plan in _PLANS
    }

    def work(said: list[str]) -> object:
        before, now = (
            Tree(directory=place, contents=manifest.Contents(_FILES | {"/Lib/b.py": state})) for state in "12"
        )
        kept = KeptResults(Store(place), "b-digest", "without-sources", now)
        found = kept.take(_PLANS, lambda *_: False)
        found |= {module: result for module, result in observed.items() if module not in found}
        KeptResults(Store(place), "a-digest", "without-sources", before).keep(observed, _PLANS, "a-run")
        return {module: msgspec.structs.replace(one, reused="", digest="") for module, one in found.items()}

    return used(work)


def durations(place: Path) -> Seen:
    """How long modules took: only their order depends on it."""

    def work(said: list[str]) -> object:
        known = Durations(Store(place), "wasi")
        if not known.known():
            known.learn({f"test_{letter}": 1.5 for letter in "abcdef"})
        return sorted(known.expected(dict.fromkeys("abcdef", 100)))

    return used(work)


_EVENTS = (
    '"event":"module","module":"test_a"',
    '"event":"plan","tests":["test.test_a.A.test_one","test.test_a.A.test_two","test.test_a.B.test_three"]',
    '"event":"start","test":"test.test_a.A.test_one"',
    '"event":"stop","test":"test.test_a.A.test_one","status":"passed","duration":0.25',
    '"event":"start","test":"test.test_a.A.test_two"',
    '"event":"stop","test":"test.test_a.A.test_two","status":"skipped","detail":"there is no fork"',
    '"event":"start","test":"test.test_a.B.test_three"',
    '"event":"stop","test":"test.test_a.B.test_three","status":"failed","detail":"AssertionError: 1 != 2"',
    '"event":"fixture","test":"tearDownClass (test.test_a.B)","status":"failed","detail":"it was left open"',
    '"event":"done","module":"test_a","status":"passed","duration":0.5',
)
"""what a guest writes of a module with a test and a fixture that fail"""
_BELIEVED = {Status.PASSED, Status.SKIPPED, Status.FAILED}
"""the statuses of tests of which one does not doubt that they ran like that"""


def events(place: Path) -> Seen:
    """The events of a guest, of a module in which one test fails."""
    path = place / "events.jsonl"
    if not path.exists():
        for number, fields in enumerate(_EVENTS, start=1):
            line = f'{{{fields},"number":{number}'.encode()
            with path.open("ab") as file:
                file.write(line + b',"sum":%d}\n' % sum(line))

    def work(said: list[str]) -> object:
        progress = ModuleProgress("test_a")
        for event in chain.from_iterable(iter(EventReader(path).read, [])):
            progress.take(event)
        if progress.done is None:
            progress.end(Status.CRASHED, "the guest ended in the middle of the module", "")
        return {outcome.test: (outcome.status, outcome.detail) for outcome in progress.result().outcomes}

    seen = used(work)
    if not isinstance(seen.result, dict):
        return seen
    wrong = [why for status, why in seen.result.values() if status not in _BELIEVED]
    return seen._replace(green=not wrong, said="\n".join(wrong))
