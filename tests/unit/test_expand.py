from __future__ import annotations

from matrix.expand import expand
from matrix.model import Condition, CPython, Exclusion
from matrix.versions import Requirement
from tests.unit import made


def test_the_cells_are_the_product_of_the_axes() -> None:
    expansion = expand(made.matrix())
    assert [cell.id for cell in expansion.cells] == [
        f"wasi_{sdk}_{cpython}_{runtime}"
        for sdk in ("wasi-sdk-16", "wasi-sdk-24")
        for cpython in ("cpython-3.11.2", "cpython-3.13.5")
        for runtime in ("wasmtime-49.0.0", "wasmtime-50.0.1")
    ]
    assert expansion.rejected == ()


def test_a_target_takes_sdks_of_its_family_only() -> None:
    matrix = made.matrix(sdks=(made.sdk("24"), made.sdk("4.0.0", family="emsdk")))
    assert {cell.build.sdk.id for cell in expand(matrix).cells} == {"wasi-sdk-24"}


def test_a_target_takes_its_own_runtimes_only() -> None:
    matrix = made.matrix(runtimes=(made.runtime(), made.runtime("22.0.0", name="node")))
    assert {cell.runtime.id for cell in expand(matrix).cells} == {"wasmtime-50.0.1"}


def test_an_excluded_combination_is_rejected_with_the_rules_reason() -> None:
    when = Condition(sdk=(Requirement.parse("wasi-sdk<20"),), cpython=(Requirement.parse(">=3.13"),))
    rule = Exclusion(when=when, reason="no pthread stubs", reference="https://example.org/518")
    expansion = expand(made.matrix(exclusions=(rule,)))
    assert {rejected.cell.build.id for rejected in expansion.rejected} == {"wasi_wasi-sdk-16_cpython-3.13.5"}
    assert {(each.reason, each.reference) for each in expansion.rejected} == {
        ("no pthread stubs", "https://example.org/518")
    }


def test_nothing_is_lost_between_cells_and_rejected() -> None:
    rule = Exclusion(when=Condition(runtime=(Requirement.parse("wasmtime<50"),)), reason="old")
    expansion = expand(made.matrix(exclusions=(rule,)))
    assert len(expansion.cells) == len(expansion.rejected) == 4
    assert not {cell.id for cell in expansion.cells} & {rejected.cell.id for rejected in expansion.rejected}


def test_the_first_rule_that_holds_gives_the_reason() -> None:
    rules = tuple(Exclusion(when=Condition(), reason=reason) for reason in ("first", "second"))
    assert {rejected.reason for rejected in expand(made.matrix(exclusions=rules)).rejected} == {"first"}


def test_a_version_that_no_series_covers_is_rejected() -> None:
    matrix = made.matrix(cpythons=(CPython(version="3.10.1"),))
    expansion = expand(matrix)
    assert expansion.cells == ()
    assert "no series in cpythons.toml" in expansion.rejected[0].reason
    assert "3.10.1" in expansion.rejected[0].reason


def test_debug_cells_are_debug_builds() -> None:
    assert all("_debug_" in cell.id for cell in expand(made.matrix(), debug=True).cells)
