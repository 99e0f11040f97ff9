from __future__ import annotations

import pytest

from matrix.conditions import Condition
from matrix.errors import UsageError
from matrix.expand import Expansion, expand
from matrix.rules import Exclusion
from matrix.select import Selection, listed, narrow, of_options, select
from matrix.versions import Requirement
from tests.unit import made

DEFAULT = "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1"


@pytest.fixture
def expansion() -> Expansion:
    """SDKs 16 and 24, CPython 3.11.2 and 3.13.5, wasmtime 49 and 50; SDK 16 does not go with CPython 3.13."""
    when = Condition(sdk=(Requirement.parse("wasi-sdk<20"),), cpython=(Requirement.parse(">=3.13"),))
    return expand(made.matrix(exclusions=(Exclusion(when=when, reason="no pthread stubs"),)))


def chosen(expansion: Expansion, **axes: tuple[str, ...]) -> list[str]:
    return [cell.id for cell in select(expansion, Selection(**axes))]


def refusal(expansion: Expansion, **axes: tuple[str, ...]) -> str:
    with pytest.raises(UsageError) as caught:
        chosen(expansion, **axes)
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_without_selectors_the_targets_default_is_selected(expansion: Expansion) -> None:
    assert chosen(expansion) == [DEFAULT]


def test_an_axis_without_a_selector_has_the_default(expansion: Expansion) -> None:
    assert chosen(expansion, runtime=("wasmtime-*",)) == [
        "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-49.0.0",
        DEFAULT,
    ]


def test_selectors_on_one_axis_are_alternatives(expansion: Expansion) -> None:
    assert {name.split("_")[2] for name in chosen(expansion, cpython=("3.11", "3.13"))} == {
        "cpython-3.11.2",
        "cpython-3.13.5",
    }


@pytest.mark.parametrize(
    ("runtime", "found"),
    [
        (("!wasmtime-50*",), ["49.0.0"]),
        (("wasmtime", "!49"), ["50.0.1"]),
        (("!=49.0.0", "49"), ["49.0.0", "50.0.1"]),
    ],
)
def test_a_selector_may_exclude(expansion: Expansion, runtime: tuple[str, ...], found: list[str]) -> None:
    assert [name.rpartition("-")[2] for name in chosen(expansion, runtime=runtime)] == found


def test_a_selection_of_what_it_excludes_is_refused(expansion: Expansion) -> None:
    assert "the matrix has no cell for this selection" in refusal(expansion, runtime=("49", "!wasmtime<50"))
    assert "--runtime !wasm*: nothing matches" in refusal(expansion, runtime=("!wasm*",))


def test_axes_are_combined(expansion: Expansion) -> None:
    assert chosen(expansion, sdk=("wasi-sdk<20",), cpython=("<3.12",), runtime=("wasmtime==49.*",)) == [
        "wasi_wasi-sdk-16_cpython-3.11.2_wasmtime-49.0.0"
    ]


@pytest.mark.parametrize("value", ["wasi-sdk-16", "16", "wasi-sdk-1*", "<20", "wasi-sdk<20"])
def test_every_form_of_selector_selects(expansion: Expansion, value: str) -> None:
    assert chosen(expansion, sdk=(value,), cpython=("3.11",)) == ["wasi_wasi-sdk-16_cpython-3.11.2_wasmtime-50.0.1"]


def test_a_wider_selection_omits_excluded_cells(expansion: Expansion) -> None:
    assert {name.split("_")[1] for name in chosen(expansion, sdk=("wasi-sdk-*",))} == {"wasi-sdk-24"}


def test_a_selection_of_only_excluded_cells_is_refused_with_the_reasons(expansion: Expansion) -> None:
    message = refusal(expansion, sdk=("16",))
    assert "wasi_wasi-sdk-16_cpython-3.13.5_wasmtime-50.0.1: no pthread stubs" in message


@pytest.mark.parametrize(
    ("axis", "value", "near"),
    [
        ("target", "wasmi", "did you mean wasi?"),
        ("sdk", "wasi-sdk-26", "did you mean wasi-sdk-"),
        ("cpython", "cpython-3.13.6", "did you mean cpython-3.13.5"),
        ("runtime", "wasmtime-51.0.1", "did you mean wasmtime-50.0.1"),
        ("options", "debgu", "did you mean debug?"),
    ],
)
def test_a_selector_that_matches_nothing_is_refused_with_similar_names(
    expansion: Expansion, axis: str, value: str, near: str
) -> None:
    message = refusal(expansion, **{axis: (value,)})
    assert f"--{axis} {value}: nothing matches" in message
    assert near in message


def test_a_selector_that_matches_nothing_is_refused_even_beside_one_that_matches(expansion: Expansion) -> None:
    assert "--sdk 99: nothing matches" in refusal(expansion, sdk=("24", "99"))


def test_an_invalid_selector_is_refused_with_its_option(expansion: Expansion) -> None:
    assert "--cpython: '>=x' is not a version range" in refusal(expansion, cpython=(">=x",))


def test_a_cell_is_selected_by_its_id(expansion: Expansion) -> None:
    name = "wasi_wasi-sdk-16_cpython-3.11.2_wasmtime-49.0.0"
    assert chosen(expansion, cell=(name,)) == [name]


def test_builds_are_plain_unless_options_are_named(expansion: Expansion) -> None:
    debug = "wasi_wasi-sdk-24_cpython-3.13.5_debug_wasmtime-50.0.1"
    assert chosen(expansion, options=("debug",)) == [debug]
    assert chosen(expansion, options=("debug", "plain")) == [DEFAULT, debug]
    assert chosen(expansion, cell=(debug,)) == [debug]


def test_all_cells_are_listed_unless_some_are_selected(expansion: Expansion) -> None:
    assert listed(expansion, Selection()) == of_options(expansion)
    assert listed(expansion, Selection(options=("debug",))) == of_options(expansion, ("debug",))
    narrowed = listed(expansion, Selection(sdk=("wasi-sdk-*",), options=("debug",)))
    assert [cell.id for cell in narrowed.cells] == [DEFAULT.replace("_wasmtime", "_debug_wasmtime")]
    assert len(narrowed.rejected) == 1
    assert listed(expansion, Selection(cell=(DEFAULT,))).rejected == ()


def test_build_options_select_their_part_of_an_expansion(expansion: Expansion) -> None:
    plain, debug = of_options(expansion), of_options(expansion, ("debug",))
    assert (len(plain.cells), len(plain.rejected)) == (len(debug.cells), len(debug.rejected)) == (6, 2)
    assert not {cell.id for cell in plain.cells} & {cell.id for cell in debug.cells}
    assert {cell.build.options for cell in (*debug.cells, *(r.cell for r in debug.rejected))} == {"debug"}


def test_build_options_also_select_among_rejected_combinations(expansion: Expansion) -> None:
    rejected = narrow(expansion, Selection(sdk=("16",), options=("debug",))).rejected
    assert [each.cell.id for each in rejected] == ["wasi_wasi-sdk-16_cpython-3.13.5_debug_wasmtime-50.0.1"]


def test_selected_cells_have_the_order_of_the_matrix(expansion: Expansion) -> None:
    names = [cell.id for cell in expansion.cells]
    assert chosen(expansion, cell=tuple(reversed(names))) == names


def test_an_unknown_cell_is_refused_with_similar_names(expansion: Expansion) -> None:
    message = refusal(expansion, cell=("wasi_wasi-sdk-24_cpython-3.13.4_wasmtime-50.0.1",))
    assert "there is no cell" in message
    assert DEFAULT in message


def test_an_excluded_cell_is_refused_with_the_reason(expansion: Expansion) -> None:
    message = refusal(expansion, cell=("wasi_wasi-sdk-16_cpython-3.13.5_wasmtime-50.0.1",))
    assert "leaves out cell" in message
    assert "no pthread stubs" in message


def test_each_target_has_its_own_default() -> None:
    other = made.target("wasi-threads", defaults=made.target().defaults)
    expansion = expand(made.matrix(targets=(made.target(), other)))
    assert chosen(expansion) == [DEFAULT, DEFAULT.replace("wasi_", "wasi-threads_", 1)]
    assert chosen(expansion, target=("wasi-threads",)) == [DEFAULT.replace("wasi_", "wasi-threads_", 1)]
