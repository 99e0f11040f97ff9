from __future__ import annotations

import datetime

import pytest
from msgspec.structs import replace

from matrix.conditions import Condition
from matrix.errors import UsageError
from matrix.model import Cell, Library, Port, RuntimeKind
from matrix.resolve import resolve
from matrix.rules import AllowedToFail, Exclusion, ExpectedBuildFailure, Repair, RuntimeFlags
from matrix.versions import Requirement
from tests.unit import made

HERE = Condition(target=("wasi",), runtime=(Requirement.parse("wasmtime"),))
ELSEWHERE = Condition(target=("node",))
BUILDS_HERE = Condition(target=("wasi",))


def test_a_record_has_every_row_that_applies() -> None:
    repairs = [Repair(when=when, reason="r", reference="x") for when in (BUILDS_HERE, ELSEWHERE, Condition())]
    flags = [
        RuntimeFlags(when=when, flags=(flag,), reason="r")
        for when, flag in ((HERE, "-a"), (ELSEWHERE, "-b"), (HERE, "-c"))
    ]
    matrix = made.matrix(repairs=tuple(repairs), runtime_flags=tuple(flags))
    found = resolve(matrix, made.cell())
    assert found.repairs == (repairs[0], repairs[2])
    assert found.runtime_flags == ("-a", "-c")
    assert found.series == matrix.series[0]


def test_the_first_rule_that_applies_counts() -> None:
    allowances = [AllowedToFail(when=when, reason=why) for when, why in ((ELSEWHERE, "0"), (HERE, "1"), (HERE, "2"))]
    exclusions = [
        Exclusion(when=when, reason=why, on_demand=True) for when, why in ((ELSEWHERE, "0"), (HERE, "1"), (HERE, "2"))
    ]
    failures = [
        ExpectedBuildFailure(when=when, step="make", message="error", reason=why)
        for when, why in ((ELSEWHERE, "0"), (BUILDS_HERE, "1"), (BUILDS_HERE, "2"))
    ]
    matrix = made.matrix(
        allowed_to_fail=tuple(allowances), exclusions=tuple(exclusions), expected_build_failures=tuple(failures)
    )
    found = resolve(matrix, made.cell())
    assert (found.allowance, found.exclusion, found.expected_failure) == (allowances[1], exclusions[1], failures[1])


def test_without_rules_there_are_none() -> None:
    found = resolve(made.matrix(), made.cell())
    assert (found.repairs, found.runtime_flags, found.allowance, found.exclusion, found.expected_failure) == (
        (),
        (),
        None,
        None,
        None,
    )


def test_an_expired_allowance_still_holds() -> None:
    rule = AllowedToFail(when=HERE, reason="r", expires=datetime.date(2020, 1, 1))
    assert resolve(made.matrix(allowed_to_fail=(rule,)), made.cell()).allowance == rule


def test_only_an_sdk_with_a_node_of_its_own_has_ports() -> None:
    node = replace(made.runtime("20.18.0", name="node"), kind=RuntimeKind.NODE)
    ports = (Port(name="zlib", version="1.3"),)
    matrix = made.matrix(runtimes=(made.runtime(), node), ports=ports)
    cell = made.cell()
    assert (resolve(matrix, cell).node, resolve(matrix, cell).ports) == (None, ())
    emscripten = replace(cell, build=replace(cell.build, sdk=replace(cell.build.sdk, node=node.id)))
    assert (resolve(matrix, emscripten).node, resolve(matrix, emscripten).ports) == (node, ports)


def test_a_cell_has_every_version_of_the_libraries_that_its_series_names() -> None:
    rows = tuple(Library(name=name, version=version) for name in ("libffi", "mpdec") for version in ("1", "2"))
    matrix = made.matrix(libraries=rows, series=(made.series(libraries={"libffi": "2"}),))
    assert resolve(matrix, made.cell()).libraries == rows[:2]
    assert resolve(made.matrix(libraries=rows), made.cell()).libraries == ()


def test_a_record_is_the_cell_that_it_was_made_from() -> None:
    cell = made.cell()
    found = resolve(made.matrix(), cell)
    assert isinstance(found, Cell)
    assert (found.id, found.facts, found.build, found.runtime) == (cell.id, cell.facts, cell.build, cell.runtime)


def test_a_version_that_no_series_covers_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no series in series\.toml covers CPython 3\.13\.5 on wasi-sdk"):
        resolve(made.matrix(series=()), made.cell())
