from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.build.recipes import layout, native, wasi
from harness.build.step import BuildPlan, Step
from harness.build.tree import BuildFiles
from matrix.conditions import Condition
from matrix.rules import Repair
from tests.unit import made

NOWHERE = Path("/nowhere")
"""not there, so that a plan that looks at its parts fails"""

PARTS = layout.Parts(
    source=NOWHERE / "cpython",
    source_digest="the sources",
    make_digest="what make reads",
    configure_digest="what configure reads",
    entries=("Include", "Lib", "Modules", "configure", "README.rst", ".git", ".github", "cross-build", "Doc", "Mac"),
    sdk=NOWHERE / "wasi sdk",
    sdk_digest="the sdk",
    files=BuildFiles(config_site="Tools/wasm/config.site-wasm32-wasi"),
    python=NOWHERE / "native/python",
    build_machine="x86_64-pc-linux-gnu",
    directory=NOWHERE / "builds",
)
REPAIR = Repair(
    when=Condition(),
    cflags=("-Wno-int-conversion", "-g0"),
    configure=("--disable-test-modules",),
    reason="clang 15",
    reference="https://example.org/",
)


def planned(*repairs: Repair, debug: bool = False, **changes: object) -> BuildPlan:
    parts = replace(PARTS, **changes)
    return wasi.plan(made.build(debug=debug), made.series(), repairs, parts, jobs=2)


def step(plan: BuildPlan, name: str) -> Step:
    (found,) = (each for each in plan.steps if each.name == name)
    return found


# --- a step as a command


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)
names = st.from_regex(r"[A-Z_]{1,8}", fullmatch=True)


def test_the_same_sources_make_the_same_program_at_any_time() -> None:
    date, make = planned().steps[-2:]
    assert make.env["SOURCE_DATE_EPOCH"] == wasi.NO_DATE
    # make would keep the object that holds the date when only the variable changes: then, and only then, it goes
    assert date.argv[-1] == "Modules/getbuildinfo.o"
    assert (date.env, date.inputs) == ({"SOURCE_DATE_EPOCH": wasi.NO_DATE}, ())


@given(st.lists(words, min_size=1, max_size=4), st.dictionaries(names, words, max_size=3), words)
def test_a_command_can_be_pasted(argv: list[str], env: dict[str, str], directory: str) -> None:
    cwd = Path("/work") / directory.replace("/", "")
    command = Step(name="s", title="s", argv=tuple(argv), cwd=cwd, env=env).command()
    expected = ["cd", str(cwd), "&&"]
    if env:
        expected += ["env", *(f"{name}={value}" for name, value in env.items())]
    assert shlex.split(command) == [*expected, *argv]


@pytest.mark.parametrize("name", ["link", "configure", "date", "make"])
def test_each_step_of_a_build_can_be_pasted(name: str) -> None:
    one = step(planned(REPAIR), name)
    assert shlex.split(one.command())[-len(one.words) :] == list(one.words)


# --- the WASI build


def test_a_plan_is_a_function_of_its_arguments() -> None:
    assert planned(REPAIR) == planned(REPAIR)


def test_a_build_is_linked_configured_and_made() -> None:
    plan = planned()
    assert [each.name for each in plan.steps] == ["link", "configure", "date", "make"]
    assert plan.name == made.build().id
    assert plan.directory == PARTS.directory


def test_configure_is_called_by_the_relative_path_that_the_guest_sees() -> None:
    configure = step(planned(), "configure")
    assert configure.argv[0] == "../../configure"
    assert configure.cwd == PARTS.directory / "cross-build/wasm32-wasip1"
    assert configure.env["CONFIG_SITE"].startswith("../../")


def test_configure_is_told_host_build_and_build_python() -> None:
    argv = step(planned(), "configure").argv
    assert "--host=wasm32-wasip1" in argv
    assert "--build=x86_64-pc-linux-gnu" in argv
    assert f"--with-build-python={PARTS.python}" in argv


@pytest.mark.parametrize("debug", [True, False])
def test_only_a_debug_build_is_configured_with_pydebug(debug: bool) -> None:
    assert ("--with-pydebug" in step(planned(debug=debug), "configure").argv) is debug


def test_repairs_give_their_flags_to_configure() -> None:
    other = replace(REPAIR, cflags=("-O1",), configure=("--without-x",))
    configure = step(planned(REPAIR, other), "configure")
    assert configure.env["CFLAGS"] == "-Wno-int-conversion -g0 -O1"
    assert configure.argv[-2:] == ("--disable-test-modules", "--without-x")


def test_without_repairs_upstreams_own_flags_hold() -> None:
    assert "CFLAGS" not in step(planned(), "configure").env


def test_tools_and_sysroot_are_the_sdks() -> None:
    for name in ("configure", "make"):
        env = step(planned(sdk=NOWHERE / "sdk"), name).env
        assert env["CC"] == "/nowhere/sdk/bin/clang --sysroot=/nowhere/sdk/share/wasi-sysroot"
        assert env["WASI_SDK_PATH"] == "/nowhere/sdk"
        assert env["PKG_CONFIG_PATH"] == ""


def test_the_sources_are_linked_without_what_git_and_builds_leave() -> None:
    link = step(planned(), "link")
    assert link.argv[:4] == ("ln", "-sfn", "-t", str(PARTS.directory))
    assert [Path(name).name for name in link.argv[4:]] == [
        "Doc", "Include", "Lib", "Mac", "Modules", "README.rst", "configure",
    ]  # fmt: skip


def test_an_edited_source_is_made_again_but_not_configured_again() -> None:
    before, after = planned(), planned(source_digest="other sources", make_digest="other files in C")
    assert step(before, "configure") == step(after, "configure")
    assert step(before, "make") != step(after, "make")


def test_nothing_is_made_again_when_make_reads_no_edited_file() -> None:
    assert planned() == planned(source_digest="another file of the library")


def test_another_sdk_is_configured_and_made_again() -> None:
    before, after = planned(), planned(sdk_digest="another sdk")
    assert step(before, "configure") != step(after, "configure")
    assert step(before, "make") != step(after, "make")


def test_the_number_of_jobs_changes_only_make() -> None:
    two, four = (wasi.plan(made.build(), made.series(), (), PARTS, jobs=jobs) for jobs in (2, 4))
    assert step(two, "make").words[-1] == "-j2"
    assert step(four, "make").words[-1] == "-j4"
    assert two.steps[:2] == four.steps[:2]


def test_the_host_runner_maps_the_guests_tree() -> None:
    words = shlex.split(step(planned(), "configure").env["HOSTRUNNER"])
    assert words[:2] == ["wasmtime", "run"]
    assert words[words.index("--dir") + 1] == "/nowhere/builds/guest::/"
    assert words[words.index("--argv0") + 1] == "/cross-build/wasm32-wasip1/python.wasm"
    assert f"max-wasm-stack={8 << 20}" in words
    assert words[words.index("--env") + 1] == ("PYTHONPATH=/cross-build/wasm32-wasip1/build/lib.wasi-wasm32-3.13")


def test_guests_see_the_sources_without_what_git_and_builds_leave() -> None:
    assert layout.copied(PARTS) == ("Doc", "Include", "Lib", "Mac", "Modules", "README.rst", "configure")


def test_the_platform_library_has_the_name_that_the_build_gave_it() -> None:
    guest = layout.layout_of(made.build(), made.series())
    assert guest.platform_library("build/lib.any-name") == "/cross-build/wasm32-wasip1/build/lib.any-name"


def test_commands_that_a_step_calls_by_name_come_first() -> None:
    one = Step(
        name="a", title="a", argv=("emcc",), cwd=NOWHERE, path=(NOWHERE / "my sdk", NOWHERE / "b"), env={"A": "1"}
    )
    assert one.environment({"PATH": "/usr/bin"}) == {"PATH": "/nowhere/my sdk:/nowhere/b:/usr/bin", "A": "1"}
    assert one.command() == """cd /nowhere && env PATH='/nowhere/my sdk:/nowhere/b':"$PATH" A=1 emcc"""


# --- the build Python


def test_the_build_python_is_configured_and_made_out_of_tree() -> None:
    plan = native.plan("native", NOWHERE / "native", NOWHERE / "cpython", "sources", "configure", jobs=2)
    assert [each.name for each in plan.steps] == ["native-link", "native-configure", "native-python", "native-make"]
    assert plan.steps[0].argv[-2:] == ("/nowhere/cpython", "source")
    assert plan.steps[1].argv[0] == "source/configure"  # the compiler's command lines are then the same for every tree
    assert all(each.cwd == NOWHERE / "native" for each in plan.steps)
    assert NOWHERE / "native/python" in plan.steps[2].outputs


def test_what_makes_the_rest_of_the_build_python_keeps_the_interpreter_that_configure_runs_beside_it() -> None:
    # An output of a step that is not current is removed before it runs.
    plan = native.plan("native", NOWHERE / "native", NOWHERE / "cpython", "sources", "configure", jobs=2)
    assert plan.steps[3].outputs == ()


def test_byte_code_is_compiled_for_the_paths_that_guests_see() -> None:
    one = native.bytecode(NOWHERE / "guest", "sources", NOWHERE / "python", jobs=2)
    assert one.argv[0] == "/nowhere/python"
    assert one.argv[one.argv.index("-s") + 1] == "/nowhere/guest"
    assert one.argv[one.argv.index("-p") + 1] == "/"
    assert one.argv[-1] == "/nowhere/guest/Lib"
