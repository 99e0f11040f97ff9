"""The libraries that CPython is linked with: how they are compiled, and what configure is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.builder import Builder, Input, Inputs, PlannedBuild
from harness.build.configure_answers import answers_path
from harness.build.linked import lay_out, linked_library
from harness.build.recipes import layout, libraries
from harness.build.recipes.libraries import LINKING, LinkedLibrary
from harness.build.step import BuildPlan, Step
from harness.build.watcher import Silent
from harness.machine.store import Store
from matrix.errors import HarnessFault
from matrix.load import load
from matrix.model import CPython, Matrix, SdkFamily
from matrix.resolve import ResolvedCell
from tests.unit import made
from tests.unit.harness.build.test_recipes_emscripten import PARTS, TOOLCHAIN, new, planned, step

MATRIX: Matrix = load()
MPDEC = LinkedLibrary(
    name="mpdec", version="4.0.1", source=Path("/entries/mpdec"), digest="m", directory=Path("/toolchain/mpdec")
)
LIBFFI = replace(
    MPDEC, name="libffi", source=Path("/entries/libffi"), directory=Path("/toolchain/libffi"), script=Path("/tree/x.sh")
)


def words(plan: BuildPlan) -> list[str]:
    return [" ".join(each.argv).replace("/nowhere/emscripten sdk/emscripten/", "") for each in plan.steps]


def test_libffi_is_compiled_by_upstream_s_script() -> None:
    plan = libraries.plan(LIBFFI, TOOLCHAIN)
    assert words(plan) == [
        "cp -a -T /entries/libffi /toolchain/libffi/source",
        "bash /toolchain/libffi/make.sh",
    ]
    build = plan.steps[-1]
    assert build.env == {**TOOLCHAIN.environment, "PREFIX": "/toolchain/libffi/prefix"}
    assert build.cwd == Path("/toolchain/libffi/source")
    assert build.path == (TOOLCHAIN.sdk / "emscripten",)
    assert Path("/toolchain/libffi/prefix/lib/libffi.a") in build.outputs


def test_mpdecimal_is_compiled_as_upstream_s_script_does_it() -> None:
    plan = libraries.plan(MPDEC, TOOLCHAIN)
    assert words(plan) == [
        "cp -a -T /entries/mpdec /toolchain/mpdec/source",
        "emconfigure ./configure CFLAGS=-fPIC --prefix /toolchain/mpdec/prefix --disable-shared",
        "make install",
    ]
    assert Path("/toolchain/mpdec/prefix/lib/libmpdec.a") in plan.steps[-1].outputs


def test_the_plans_share_the_toolchain_s_lock_and_none_of_its_stamps() -> None:
    plans = [libraries.plan(one, TOOLCHAIN) for one in (LIBFFI, MPDEC)]
    assert {plan.directory for plan in plans} == {TOOLCHAIN.directory}
    names = [each.name for plan in plans for each in plan.steps]
    assert len(set(names)) == len(names)
    assert not any(name.startswith("libraries-") for name in names)


def test_a_changed_library_is_compiled_again() -> None:
    for one in (LIBFFI, MPDEC):
        before, after = (libraries.plan(each, TOOLCHAIN).steps for each in (one, replace(one, digest="new")))
        assert all(old.inputs != new.inputs for old, new in zip(before, after, strict=True))


def test_each_library_that_a_series_names_has_a_recipe() -> None:
    named = {name for series in MATRIX.series for name in series.libraries}
    assert named == LINKING.keys()


def test_a_library_without_a_recipe_is_a_fault_that_names_it() -> None:
    with pytest.raises(HarnessFault, match="no recipe for the library zstd"):
        libraries.plan(replace(MPDEC, name="zstd"), TOOLCHAIN)


# --- what configure is told


def linked(one: LinkedLibrary) -> layout.LinkedVariables:
    return layout.LinkedVariables(digest=one.digest, variables=one.variables)


def both(plan: BuildPlan) -> list[Step]:
    return [step(plan, "configure"), step(plan, "make")]


def test_configure_finds_the_libraries_without_pkg_config() -> None:
    env = step(planned(new(), linked=(linked(LIBFFI), linked(MPDEC))), "configure").env
    assert {name: value for name, value in env.items() if name.startswith("LIB")} == {
        "LIBFFI_CFLAGS": "-I/toolchain/libffi/prefix/include",
        "LIBFFI_LIBS": "-L/toolchain/libffi/prefix/lib -lffi",
        "LIBMPDEC_CFLAGS": "-I/toolchain/mpdec/prefix/include",
        "LIBMPDEC_LIBS": "-L/toolchain/mpdec/prefix/lib -lmpdec -lm",
    }


def test_a_changed_library_is_linked_anew() -> None:
    before, after = (both(planned(new(), linked=(linked(one),))) for one in (MPDEC, replace(MPDEC, digest="new")))
    assert all(old.inputs != new.inputs for old, new in zip(before, after, strict=True))


def test_answers_with_a_library_are_not_those_without(store: Store) -> None:
    cell = made.resolved()
    parts = [PARTS, *(replace(PARTS, linked=(linked(one),)) for one in (MPDEC, replace(MPDEC, digest="new")))]
    assert len({answers_path(cell, each, store) for each in parts}) == 3


# --- what a builder plans


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    source = tmp_path / "source"
    home = source / "Tools/wasm/emscripten"
    home.mkdir(parents=True)
    (source / "Include").mkdir()
    for name in ("configure", "Include/patchlevel.h", "Tools/wasm/emscripten/config.site-wasm32-emscripten"):
        (source / name).write_text("")
    (home / "make_libffi.sh").write_text("emconfigure ./configure\n")
    return Inputs(
        cpython=Input(path=source, digest="the sources"),
        sdk=Input(path=Path("/nowhere/sdk"), digest="the SDK"),
        node=Input(path=Path("/nowhere/node"), digest="a Node"),
        libraries={
            "libffi": Input(path=Path("/entries/libffi"), digest="f", version="3.4.8"),
            "mpdec": Input(path=Path("/entries/mpdec"), digest="m", version="4.0.1"),
        },
    )


def plan_of(store: Store, inputs: Inputs, **changes: object) -> PlannedBuild:
    names = dict.fromkeys(inputs.libraries, "1")
    series = made.series(sdk_family=SdkFamily.EMSCRIPTEN, libraries=names)
    cell: ResolvedCell = replace(made.resolved(), series=series)
    return Builder(store, Silent(), print, jobs=2).plan(replace(cell, **changes), inputs)


def test_the_libraries_are_made_between_the_sdk_s_own_and_the_build(store: Store, inputs: Inputs) -> None:
    plans = [plan.steps[-1].name for plan in plan_of(store, inputs).compiling]
    assert plans[0] == "native-make"
    assert plans[1].startswith("libraries-")
    assert [name.partition("-")[0] for name in plans[2:]] == ["libffi", "mpdec", "make"]


def test_another_cpython_with_the_same_script_shares_them(store: Store, inputs: Inputs) -> None:
    one, other = plan_of(store, inputs), inputs.cpython.path.with_name("other")
    inputs.cpython.path.rename(other)
    moved = replace(inputs, cpython=Input(path=other, digest="other sources"))
    cell = made.resolved()
    again = plan_of(store, moved, build=replace(cell.build, cpython=CPython(version="3.13.0")))
    assert again.parts.directory != one.parts.directory
    assert [plan.steps for plan in again.linked_plans] == [plan.steps for plan in one.linked_plans]
    (other / "Tools/wasm/emscripten/make_libffi.sh").write_text("emconfigure ./configure --new\n")
    changed = plan_of(store, moved)
    assert changed.linked_plans[0] != one.linked_plans[0]
    assert changed.linked_plans[1] == one.linked_plans[1]


def test_a_build_with_other_libraries_has_another_work_directory(store: Store, inputs: Inputs) -> None:
    newer = {**inputs.libraries, "mpdec": Input(path=Path("/entries/new"), digest="new", version="4.0.2")}
    choices = [inputs, replace(inputs, libraries=newer), replace(inputs, libraries={})]
    assert len({plan_of(store, each).parts.directory for each in choices}) == 3


def test_the_script_is_laid_out_where_it_is_run(tmp_path: Path) -> None:
    script = tmp_path / "make_libffi.sh"
    script.write_text("emconfigure ./configure\n")
    toolchain = replace(TOOLCHAIN, directory=tmp_path / "toolchain")
    one = linked_library("libffi", "3.4.8", tmp_path, "f", toolchain, script)
    other = linked_library("mpdec", "4.0.1", tmp_path, "m", toolchain, None)
    lay_out((one, other))
    assert [str(path) for path in (one.directory, other.directory) if not path.is_dir()] == []
    assert one.own_script.read_text() == script.read_text()
    assert list(other.directory.iterdir()) == []
    assert libraries.plan(one, toolchain).steps[-1].argv[-1] == str(one.own_script)
