from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.conditions import BuildOption, Condition
from matrix.errors import ConfigError
from matrix.expand import expand
from matrix.model import Matrix, SdkFamily
from matrix.reach import check, reaches
from matrix.versions import Requirement
from tests.unit import made

MATRIX: Matrix = made.matrix(
    targets=(made.target(), made.target("node", sdk_family=SdkFamily.EMSCRIPTEN, runtimes=("node",))),
    sdks=(made.sdk("16"), made.sdk("24"), made.sdk("4.0.0", family=SdkFamily.EMSCRIPTEN)),
    runtimes=(made.runtime("49.0.0"), made.runtime("50.0.1"), made.runtime("22.0.0", name="node")),
)
"""two targets that share nothing but CPythons"""


def requirements(*texts: str) -> st.SearchStrategy[tuple[Requirement, ...]]:
    return st.lists(st.sampled_from(texts), max_size=2).map(lambda chosen: tuple(map(Requirement.parse, chosen)))


conditions = st.builds(
    Condition,
    target=st.lists(st.sampled_from(["wasi", "node", "wasm"]), max_size=2).map(tuple),
    sdk=requirements("wasi-sdk<20", ">=5", "emscripten", "24", "<3", "!wasi-sdk", "!wasi-sdk<20"),
    # Every version that a series covers may be met, so that these are told apart by expansion only when it makes them.
    cpython=requirements("3.11.2", "3.13", "3.10", "<3"),
    options=st.lists(st.sampled_from(BuildOption), max_size=2).map(tuple),
    runtime=requirements("wasmtime", "node>=22", ">=50", "wasmer", "!node", "!wasmtime<50"),
)


def met(when: Condition) -> bool:
    expansion = expand(MATRIX)
    cells = [*expansion.cells, *(rejected.cell for rejected in expansion.rejected)]
    return any(when.holds(cell.facts) for cell in cells)


@given(conditions)
def test_a_condition_is_reachable_if_some_combination_meets_it(when: Condition) -> None:
    assert reaches(when, MATRIX, MATRIX.targets) is met(when)


@given(conditions)
def test_an_accepted_condition_holds_somewhere_and_so_does_each_of_its_values(when: Condition) -> None:
    with contextlib.suppress(ConfigError):
        check("rules.toml: x", when, MATRIX)
        assert met(when)
        assert all(met(Condition(sdk=(each,))) for each in when.sdk)
        assert all(met(Condition(runtime=(each,))) for each in when.runtime)


@given(conditions)
def test_a_refused_condition_has_a_part_that_holds_nowhere(when: Condition) -> None:
    parts = [when, *(Condition(target=(each,)) for each in when.target)]
    parts += [Condition(options=(each,)) for each in when.options]
    parts += [Condition(sdk=(each,)) for each in when.sdk]
    parts += [Condition(cpython=(each,)) for each in when.cpython]
    parts += [Condition(runtime=(each,)) for each in when.runtime]
    if all(met(each) for each in parts):
        check("rules.toml: x", when, MATRIX)


def test_only_the_given_targets_count() -> None:
    wasi, node = MATRIX.targets
    when = Condition(sdk=(Requirement.parse("emscripten"),))
    assert reaches(when, MATRIX, [node])
    assert not reaches(when, MATRIX, [wasi])
    assert not reaches(when, MATRIX, [])


@pytest.mark.parametrize("cpython", ["3.12", ">=3.15", "<3.16,>=3.14"])
def test_a_version_that_a_users_tree_may_have_is_reachable(cpython: str) -> None:
    check("rules.toml: x", Condition(cpython=(Requirement.parse(cpython),)), MATRIX)


@pytest.mark.parametrize("cpython", ["3.10", ">=3.16", "<3.11"])
def test_a_version_that_no_series_covers_is_not_reachable(cpython: str) -> None:
    with pytest.raises(ConfigError, match="matches nothing"):
        check("rules.toml: x", Condition(cpython=(Requirement.parse(cpython),)), MATRIX)


@pytest.mark.parametrize(("runtime", "said"), [("!wasmer", "excludes nothing"), ("!*", "matches nothing")])
def test_an_exclusion_leaves_something_out_and_something_there(runtime: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"runtime\[0\]: '{re.escape(runtime)}' {said}"):
        check("rules.toml: x", Condition(runtime=(Requirement.parse(runtime),)), MATRIX)
    check("rules.toml: x", Condition(runtime=(Requirement.parse("!wasmtime<50"),)), MATRIX)
