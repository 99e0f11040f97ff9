"""Measures planning: 10,000 synthetic cells with suites of 500 modules are expanded, selected from and sharded.

The bounds are 5 s and 500 MB.
"""

from __future__ import annotations

import resource
import time
import tracemalloc
from collections.abc import Callable

import msgspec
from rich.console import Console
from rich.table import Table

from harness.runs.ci import as_github, jobs_of
from harness.suite.schedule import shard
from matrix.conditions import Condition
from matrix.expand import Expansion, expand
from matrix.model import CPython, Defaults, Matrix, Runtime, RuntimeKind, Sdk, SdkFamily, Series, Target
from matrix.resolve import ResolvedCell, resolve
from matrix.rules import Exclusion
from matrix.select import Selection, select
from matrix.versions import Requirement

SDKS, CPYTHONS, RUNTIMES, RULES, MODULES = 25, 20, 10, 50, 500
SHARDS = 8
"""of each suite"""
CELLS = SDKS * CPYTHONS * RUNTIMES * 2
"""each build is there twice: plain and debug"""


class Planning(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of CPU of each step, and memory."""

    cells: int
    seconds: dict[str, float]
    peak_mib: float
    """allocated by Python"""
    process_peak_mib: float


def synthetic() -> Matrix:
    """A matrix of CELLS cells, one more SDK that a rule rejects, and rules that all must be checked for each cell."""
    series = Series(
        sdk_family=SdkFamily.WASI_SDK,
        cpython=Requirement.parse(">=3.0,<4"),
        host="wasm32-wasip1",
        program="python.wasm",
        python_flags=(),
        resources=(),
        verbose=True,
        fail_env_changed=True,
        timeout=600.0,
        reference="",
    )
    never = [
        Condition(sdk=_parsed(f"wasi-sdk>={number}"), cpython=_parsed(f">=3.{number}", "3.99"), runtime=_parsed("node"))
        for number in range(RULES - 1)
    ]
    rejecting = Condition(sdk=_parsed(f"wasi-sdk=={SDKS}.*"), cpython=_parsed("<4"))
    return Matrix(
        targets=(
            Target(
                id="wasi",
                title="WASI",
                sdk_family=SdkFamily.WASI_SDK,
                runtimes=("wasmtime",),
                defaults=Defaults(sdk="wasi-sdk-0", cpython="cpython-3.0.0", runtime="wasmtime-0.0.0"),
            ),
        ),
        sdks=tuple(Sdk(id=f"wasi-sdk-{n}", family=SdkFamily.WASI_SDK, version=str(n)) for n in range(SDKS + 1)),
        cpythons=tuple(CPython(version=f"3.{n}.0") for n in range(CPYTHONS)),
        runtimes=tuple(
            Runtime(name="wasmtime", version=f"{n}.0.0", kind=RuntimeKind.EMBEDDED) for n in range(RUNTIMES)
        ),
        ports=(),
        series=(series,),
        exclusions=tuple(Exclusion(when=when, reason="synthetic") for when in (*never, rejecting)),
        repairs=(),
        expected_build_failures=(),
        runtime_flags=(),
    )


def _parsed(*texts: str) -> tuple[Requirement, ...]:
    return tuple(map(Requirement.parse, texts))


def steps(matrix: Matrix) -> dict[str, float]:
    """Expand, select in each way that the command line offers, and plan. Returns the seconds of CPU of each step."""
    seconds: dict[str, float] = {}
    made: list[Expansion] = []

    def take(name: str, step: Callable[[], int]) -> None:
        started = time.process_time()
        count = step()
        seconds[f"{name}: {count}"] = time.process_time() - started

    def expanded() -> int:
        made.append(expand(matrix))
        return len(made[0].cells)

    def selected(selection: Selection) -> Callable[[], int]:
        return lambda: len(select(made[0], selection))

    every = Selection(sdk=("*",), cpython=("*",), runtime=("*",), options=("plain", "debug"))
    ranges = Selection(sdk=("wasi-sdk>=20",), cpython=(">=3.11,<3.14",), runtime=("wasmtime==5.*",))
    take("expand", expanded)
    take("select all", selected(every))
    take("select ranges", selected(ranges))
    take("select the default", selected(Selection()))
    take("select ids", selected(Selection(cell=tuple(cell.id for cell in made[0].cells[::100]))))

    cells: list[ResolvedCell] = []

    def resolved() -> int:
        cells.extend(resolve(matrix, cell) for cell in made[0].cells)
        return len(cells)

    take("resolve all", resolved)
    modules = {f"test_{number}": 0.1 + number % 37 for number in range(MODULES)}
    jobs = []

    def planned() -> int:
        seconds_of = {"wasi": modules}
        jobs.append(jobs_of(cells, seconds_of, sum(modules.values()) / SHARDS + 1.0))
        return len(jobs[0].shards)

    def sharded() -> int:
        return sum(len(shard(modules, number, SHARDS)) for number in range(1, SHARDS + 1))

    take("plan shards of all", planned)
    take("shard one suite", sharded)
    take("write for GitHub", lambda: len(as_github(jobs[0])))
    return seconds


def measure() -> Planning:
    """Measure time first, then memory in a second pass, since tracing memory slows everything down."""
    seconds = steps(synthetic())
    tracemalloc.start()
    steps(synthetic())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    process_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Planning(cells=CELLS, seconds=seconds, peak_mib=peak / (1 << 20), process_peak_mib=process_peak)


def show(found: Planning, console: Console) -> None:
    table = Table(box=None)
    table.add_column(f"{found.cells} cells")
    table.add_column("s", justify="right")
    for name, seconds in found.seconds.items():
        table.add_row(name, f"{seconds:.3f}")
    table.add_row("together", f"{sum(found.seconds.values()):.3f}")
    console.print(table)
    console.print(f"memory: {found.peak_mib:.0f} MiB allocated, {found.process_peak_mib:.0f} MiB the whole process")
