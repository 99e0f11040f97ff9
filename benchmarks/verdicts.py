"""Runs every test of a suite in four ways, and compares its outcomes: does a test's verdict depend on its company?

    suite     in a run of the whole suite, in a guest that modules share
    module    with the other tests of its module, in a guest of their own
    single    by itself, in a guest of its own; of wasmtime's command, which starts in half the time
    upstream  with its module, by CPython's own runner: `make test`

Each way takes what it has on disk, so that the same command goes on where it was interrupted. The single tests take
hours: 25,000 guests. `--sample N` runs N of them; their order is random, with a fixed seed. What differs runs again,
`AGAIN` times as a module and as a single test: what then has several outcomes in one way is flaky, the rest depends on
its company.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.compare import SUBTEST, upstream_outcomes
from benchmarks.timing import TOP, harness_run, prepare
from benchmarks.upstream import Upstream
from benchmarks.wasi import RUNTIMES
from harness.cells.prepare import Prepared
from harness.machine.files import write_atomically
from harness.machine.store import Store
from harness.suite.batch import Batch, ModulePlan
from harness.suite.observing import adapter_of, observe
from harness.suite.results import ResultsFile, read_results
from matrix.errors import UsageError
from matrix.names import full_name
from matrix.outcome import FAILING_STATUSES, ModuleResult, Status
from matrix.select import Selection

DIRECTORY = TOP / "reports" / "out" / "verdicts"
SEED = 15
AGAIN = 20
WAYS = ("suite", "module", "single", "upstream")

Statuses = Mapping[str, frozenset[str]]
"""the statuses of each test: several when tests share a name"""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A test with different outcomes in different ways."""

    test: str
    seen: dict[str, str]
    """its status by way; those of the ways that ran it"""
    rates: dict[str, dict[str, int]] = {}
    """how often it had which status when it ran again, by way"""

    @property
    def flaky(self) -> bool:
        """Whether it had different outcomes in one way."""
        return any(len(counts) > 1 for counts in self.rates.values())


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    tests: int
    """that ran in the suite, and were not skipped there"""
    single: int
    """of them, how many ran by themselves"""
    upstream: int
    """of them, how many are in upstream's file"""
    differences: list[Difference]


def measure(
    cpython: str, sample: int, directory: Path, store: Store, say: Callable[[str], None], *, jobs: int
) -> Verdicts:
    """Run what `directory` does not have yet, and compare.

    Runs all tests by themselves unless `sample` says how many. Raises UsageError when the directory belongs to another
    build or another harness.
    """
    prepared, command = (prepare(_selection(cpython, runtime), store) for runtime in ("embedded", "cli"))
    _claim(directory, prepared.digest)
    suite = _run(prepared, directory / "suite", (), say)
    module = _run(prepared, directory / "module", ("--isolate",), say)
    junit = directory / "upstream.xml"
    if not junit.exists():
        say("upstream: make test")
        _, written, _ = Upstream(prepared, command.runtime.path, directory).test()
        written.replace(junit)
    wanted = tests_to_run(suite.values())
    alone = {test: wanted[test] for test in in_random_order(wanted)[: sample or None]}
    single = run_singles(command, alone, directory / "single.jsonl", store, say, jobs=jobs)
    seen = {
        "suite": statuses(suite.values()),
        "module": statuses(module.values()),
        "single": {test: by_itself(test, result) for test, result in single.items()},
        "upstream": upstream_statuses([junit]),
    }
    found = [_again(prepared, one, store, say) for one in differences(wanted, seen)]
    return Verdicts(
        tests=len(wanted),
        single=len(seen["single"]),
        upstream=len(wanted.keys() & seen["upstream"].keys()),
        differences=found,
    )


def _selection(cpython: str, runtime: str) -> Selection:
    return Selection(target=("wasi",), cpython=(cpython,), runtime=(RUNTIMES[runtime],))


def _claim(directory: Path, digest: str) -> None:
    """Make the directory that of one digest of guests. Raises UsageError when it has another one's."""
    directory.mkdir(parents=True, exist_ok=True)
    mark = directory / "digest"
    if mark.exists() and mark.read_text() != digest:
        raise UsageError(
            f"{directory} has outcomes of another build or another harness",
            hint="move it, or choose another --directory",
        )
    write_atomically(mark, digest.encode())


def _run(
    prepared: Prepared, directory: Path, words: Sequence[str], say: Callable[[str], None]
) -> dict[str, ModuleResult]:
    """The results of a run of the whole suite, by module."""
    kept = directory / "outcomes.jsonl"
    if not kept.exists():
        say(f"{directory.name}: the whole suite")
        directory.mkdir(exist_ok=True)
        _, written = harness_run(prepared, directory, words)
        shutil.copyfile(written, kept)
    return read_results(kept)


def tests_to_run(results: Iterable[ModuleResult]) -> dict[str, str]:
    """The tests that ran and were not skipped, each with its module.

    Modules and fixtures (`setUpClass (test.test_x.Class)`) have outcomes, too, and are no tests.
    """
    return {
        outcome.test: result.module
        for result in results
        for outcome in result.outcomes
        if outcome.status is not Status.SKIPPED and not _is_whole(outcome.test, result)
    }


def _is_whole(name: str, result: ModuleResult) -> bool:
    return "(" in name or name == full_name(result.module)


def in_random_order(tests: Iterable[str]) -> list[str]:
    """Tests in an order that is always the same for the same tests: whatever a run has finished is a fair sample."""
    ordered = sorted(tests)
    random.Random(SEED).shuffle(ordered)
    return ordered


def run_singles(
    prepared: Prepared,
    tests: Mapping[str, str],
    path: Path,
    store: Store,
    say: Callable[[str], None],
    *,
    jobs: int,
) -> dict[str, ModuleResult]:
    """The result of each test by itself. The file at `path` has those of earlier calls, and gets the new ones."""
    file = ResultsFile(path)
    left = [test for test in tests if test not in file.read()]
    say(f"single: {len(left)} of {len(tests)} tests are left to run")
    adapter = adapter_of(prepared)

    def once(number: int) -> None:
        test = left[number]
        plan = ModulePlan(module=tests[test], match=(test,))
        result = Batch(prepared.settings, adapter, store, [plan], worker=f"gw{number % jobs}").result(plan.module)
        file.append(msgspec.structs.replace(result, module=test))  # a line for each test
        if number % 500 == 499:
            say(f"single: {number + 1} of {len(left)}")

    with ThreadPoolExecutor(jobs) as pool:
        for _ in pool.map(once, range(len(left))):
            pass
    return {test: result for test, result in file.read().items() if test in tests}


def statuses(results: Iterable[ModuleResult]) -> dict[str, frozenset[str]]:
    """The statuses of each test in some results."""
    found: dict[str, set[str]] = {}
    for result in results:
        for outcome in result.outcomes:
            found.setdefault(outcome.test, set()).add(outcome.status.value)
    return {test: frozenset(values) for test, values in found.items()}


def by_itself(test: str, result: ModuleResult) -> frozenset[str]:
    """The statuses of a test in the result of a module of which only this test ran, and what became of the module."""
    found = set(statuses([result]).get(test, frozenset({"absent"})))
    others = {outcome.status for outcome in result.outcomes if outcome.test != test}
    return frozenset(found | {f"module {status.value}" for status in others & FAILING_STATUSES})


def upstream_statuses(paths: Iterable[Path]) -> dict[str, frozenset[str]]:
    """The statuses of each test in regrtest's JUnit files.

    A skipped sub-test replaces its test there: the test itself passed.
    """
    found: dict[str, set[str]] = {}
    for name, status in upstream_outcomes(paths):
        part = SUBTEST.match(name) if status == "skipped" else None
        test, value = (part["test"], "passed") if part else (name, status)
        found.setdefault(test, set()).add(value)
    return {test: frozenset(values) for test, values in found.items()}


def differences(tests: Iterable[str], seen: Mapping[str, Statuses]) -> list[Difference]:
    """The tests that do not have the same statuses in all of the ways that have them."""
    found = []
    for test in sorted(tests):
        of_test = {way: "+".join(sorted(seen[way][test])) for way in seen if test in seen[way]}
        if len(set(of_test.values())) > 1:
            found.append(Difference(test=test, seen=of_test))
    return found


def _again(prepared: Prepared, one: Difference, store: Store, say: Callable[[str], None]) -> Difference:
    """A difference with the rates of its outcomes."""
    module = ".".join(one.test.split(".")[:-2])
    rates: dict[str, dict[str, int]] = {}
    for way, name in (("module", module), ("single", one.test)):
        say(f"again, {AGAIN} times: {one.test} ({way})")
        counts: Counter[str] = Counter()
        for (test, status), times in observe(prepared, name, AGAIN, store).items():
            if test == one.test:
                counts[status.value] += times
        rates[way] = dict(counts)
    return msgspec.structs.replace(one, rates=rates)


def show(found: Verdicts, console: Console) -> None:
    console.print(
        f"{found.tests} tests ran in the suite and with their modules, {found.single} of them by themselves, "
        f"{found.upstream} under upstream's runner: {len(found.differences)} differ",
        soft_wrap=True,
    )
    for one in found.differences:
        seen = ", ".join(f"{way} {status}" for way, status in one.seen.items())
        rates = "; ".join(f"{way} {counts}" for way, counts in one.rates.items())
        console.print(f"  {'flaky' if one.flaky else 'company'}  {one.test}: {seen}; again: {rates}", markup=False)
