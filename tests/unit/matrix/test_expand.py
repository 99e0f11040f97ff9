from __future__ import annotations

from matrix.conditions import BuildOption, Condition
from matrix.expand import expand
from matrix.model import CPython, SdkFamily
from matrix.rules import Exclusion
from matrix.versions import Requirement
from tests.unit import made


def test_the_cells_are_the_product_of_the_axes() -> None:
    expansion = expand(made.matrix())
    assert [cell.id for cell in expansion.cells] == [
        f"wasi_{sdk}_{cpython}{options}_{runtime}"
        for sdk in ("wasi-sdk-16", "wasi-sdk-24")
        for cpython in ("cpython-3.11.2", "cpython-3.13.5")
        for options in ("", "_debug")
        for runtime in ("wasmtime-49.0.0", "wasmtime-50.0.1")
    ]
    assert expansion.rejected == ()


def test_a_target_takes_sdks_of_its_family_only() -> None:
    matrix = made.matrix(sdks=(made.sdk("24"), made.sdk("4.0.0", family=SdkFamily.EMSCRIPTEN)))
    assert {cell.build.sdk.id for cell in expand(matrix).cells} == {"wasi-sdk-24"}


def test_a_target_takes_its_own_runtimes_only() -> None:
    matrix = made.matrix(runtimes=(made.runtime(), made.runtime("22.0.0", name="node")))
    assert {cell.runtime.id for cell in expand(matrix).cells} == {"wasmtime-50.0.1"}


def test_an_excluded_combination_is_rejected_with_the_rules_reason() -> None:
    when = Condition(sdk=(Requirement.parse("wasi-sdk<20"),), cpython=(Requirement.parse(">=3.13"),))
    rule = Exclusion(when=when, reason="no pthread stubs", reference="https://example.org/518")
    expansion = expand(made.matrix(exclusions=(rule,)))
    assert {rejected.cell.build.id for rejected in expansion.rejected} == {
        "wasi_wasi-sdk-16_cpython-3.13.5",
        "wasi_wasi-sdk-16_cpython-3.13.5_debug",
    }
    assert {(each.reason, each.reference) for each in expansion.rejected} == {
        ("no pthread stubs", "https://example.org/518")
    }


def test_every_combination_is_either_a_cell_or_rejected() -> None:
    rule = Exclusion(when=Condition(runtime=(Requirement.parse("wasmtime<50"),)), reason="old")
    expansion = expand(made.matrix(exclusions=(rule,)))
    assert len(expansion.cells) == len(expansion.rejected) == 8
    assert not {cell.id for cell in expansion.cells} & {rejected.cell.id for rejected in expansion.rejected}


def test_the_first_rule_that_holds_gives_the_reason() -> None:
    rules = tuple(Exclusion(when=Condition(), reason=reason) for reason in ("first", "second"))
    assert {rejected.reason for rejected in expand(made.matrix(exclusions=rules)).rejected} == {"first"}


def test_a_version_that_no_series_covers_is_rejected() -> None:
    matrix = made.matrix(cpythons=(CPython(version="3.10.1"),))
    expansion = expand(matrix)
    assert expansion.cells == ()
    assert "no series in series.toml" in expansion.rejected[0].reason
    assert "3.10.1" in expansion.rejected[0].reason


def test_a_rule_may_apply_to_a_build_option() -> None:
    rule = Exclusion(
        when=Condition(options=(BuildOption.DEBUG,), cpython=(Requirement.parse("<3.12"),)), reason="no such build"
    )
    assert {rejected.cell.build.id for rejected in expand(made.matrix(exclusions=(rule,))).rejected} == {
        "wasi_wasi-sdk-16_cpython-3.11.2_debug",
        "wasi_wasi-sdk-24_cpython-3.11.2_debug",
    }


def test_a_rule_may_apply_to_plain_builds_only() -> None:
    rule = Exclusion(when=Condition(options=(BuildOption.PLAIN,)), reason="it takes assertions to see it")
    assert {cell.build.options for cell in expand(made.matrix(exclusions=(rule,))).cells} == {"debug"}


# --- SDKs that are known to be bad


OLD = Condition(sdk=(Requirement.parse("wasi-sdk<20"),))


def test_an_on_demand_exclusion_applies_by_default() -> None:
    expansion = expand(made.matrix(exclusions=(Exclusion(when=OLD, reason="known bad", on_demand=True),)))
    assert {cell.build.sdk.id for cell in expansion.cells} == {"wasi-sdk-24"}
    assert {(each.cell.build.sdk.id, each.reason) for each in expansion.rejected} == {
        ("wasi-sdk-16", "known bad (--known-bad includes it)")
    }


def test_known_bad_overrules_on_demand_exclusions() -> None:
    rule = Exclusion(when=OLD, reason="known bad", on_demand=True)
    assert expand(made.matrix(exclusions=(rule,)), known_bad=True) == expand(made.matrix())


def test_known_bad_does_not_overrule_other_exclusions() -> None:
    matrix = made.matrix(exclusions=(Exclusion(when=OLD, reason="cannot be"),))
    assert expand(matrix, known_bad=True) == expand(matrix)
    assert len(expand(matrix).rejected) == 8


def test_each_rule_is_overruled_separately() -> None:
    bad = Exclusion(when=OLD, reason="known bad", on_demand=True)
    firm = Exclusion(when=Condition(cpython=(Requirement.parse(">=3.13"),)), reason="cannot be")
    expansion = expand(made.matrix(exclusions=(firm, bad)), known_bad=True)
    assert {(cell.build.sdk.id, cell.build.cpython.id) for cell in expansion.cells} == {
        ("wasi-sdk-16", "cpython-3.11.2"),
        ("wasi-sdk-24", "cpython-3.11.2"),
    }


def test_an_overruled_rule_does_not_hide_another() -> None:
    rules = (Exclusion(when=OLD, reason="known bad", on_demand=True), Exclusion(when=OLD, reason="cannot be"))
    expansion = expand(made.matrix(exclusions=rules), known_bad=True)
    assert {each.reason for each in expansion.rejected} == {"cannot be"}


def test_known_bad_does_not_include_a_version_without_a_series() -> None:
    matrix = made.matrix(cpythons=(CPython(version="3.10.1"),))
    assert expand(matrix, known_bad=True).cells == ()
