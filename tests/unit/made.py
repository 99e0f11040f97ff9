"""Small instances of the model and of outcomes, for tests."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from matrix.conditions import Facts
from matrix.limitations import CellLimitations, Expectation, ExpectedTest, Limitation, Limitations
from matrix.model import Build, Cell, CPython, Defaults, Matrix, Runtime, RuntimeKind, Sdk, SdkFamily, Series, Target
from matrix.outcome import ModuleResult, Outcome, Status
from matrix.resolve import ResolvedCell, resolve
from matrix.versions import Requirement

FACTS = Facts(
    target="wasi",
    sdk="wasi-sdk",
    sdk_version="24",
    cpython="3.13.5",
    runtime="wasmtime",
    runtime_version="50.0.1",
)


def sdk(version: str = "24", family: SdkFamily = SdkFamily.WASI_SDK) -> Sdk:
    return Sdk(id=f"{family}-{version}", family=family, version=version)


def runtime(version: str = "50.0.1", name: str = "wasmtime") -> Runtime:
    return Runtime(name=name, version=version, kind=RuntimeKind.EMBEDDED)


def target(name: str = "wasi", **changes: Any) -> Target:
    made = Target(
        id=name,
        title=name.upper(),
        sdk_family=SdkFamily.WASI_SDK,
        runtimes=("wasmtime",),
        defaults=Defaults(sdk="wasi-sdk-24", cpython="cpython-3.13.5", runtime="wasmtime-50.0.1"),
    )
    return replace(made, **changes)


def series(cpython: str = ">=3.11,<3.16", **changes: Any) -> Series:
    made = Series(
        sdk_family=SdkFamily.WASI_SDK,
        cpython=Requirement.parse(cpython),
        host="wasm32-wasip1",
        program="python.wasm",
        python_flags=("-u",),
        resources=("cpu",),
        verbose=True,
        fail_env_changed=True,
        timeout=600.0,
        wasm_stack=8 << 20,
        reference="https://example.org/",
    )
    return replace(made, **changes)


def matrix(**changes: Any) -> Matrix:
    """One target, SDKs 16 and 24, CPython 3.11.2 and 3.13.5, wasmtime 49 and 50."""
    made = Matrix(
        targets=(target(),),
        sdks=(sdk("16"), sdk("24")),
        cpythons=(CPython(version="3.11.2"), CPython(version="3.13.5")),
        runtimes=(runtime("49.0.0"), runtime("50.0.1")),
        ports=(),
        series=(series(),),
        exclusions=(),
        repairs=(),
        expected_build_failures=(),
        runtime_flags=(),
    )
    return replace(made, **changes)


def build(*, debug: bool = False) -> Build:
    return Build(target=target(), sdk=sdk(), cpython=CPython(version="3.13.5"), debug=debug)


def cell() -> Cell:
    return Cell(build=build(), runtime=runtime())


def resolved(**changes: Any) -> ResolvedCell:
    """The cell of `cell()`, with what a matrix without rules says about it."""
    return replace(resolve(matrix(), cell()), **changes)


def expecting(
    match: str, expect: Expectation, *, run: bool = True, name: str = "a-limitation", rate: float | None = None
) -> Limitation:
    """A limitation with one entry for tests."""
    entry = ExpectedTest(match=match, expect=expect, reason="it was seen", run=run, rate=rate)
    return Limitation(id=name, title=name, section="tests", tests=(entry,))


def explaining(*skip_reasons: str, name: str = "a-limitation") -> Limitation:
    """A limitation that explains skips."""
    return Limitation(id=name, title=name, section="tests", skip_reasons=skip_reasons)


def listed(*entries: Limitation) -> CellLimitations:
    """What holds on one cell of a list."""
    return Limitations(entries).for_cell(FACTS)


def outcome(test: str = "test.test_a.A.test_one", status: Status = Status.PASSED, detail: str = "") -> Outcome:
    return Outcome(test=test, status=status, detail=detail)


def result(*outcomes: Outcome, module: str = "test_a", **changes: Any) -> ModuleResult:
    return replace(ModuleResult(module=module, outcomes=outcomes, duration=1.5), **changes)
