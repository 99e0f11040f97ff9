from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.build.recipes import emscripten, layout
from harness.build.step import BuildPlan, Step
from harness.build.tree import BuildFiles
from matrix.conditions import Condition
from matrix.expand import expand
from matrix.load import load
from matrix.model import Build, Cell, CPython, Matrix, SdkFamily, Series, Target
from matrix.resolve import ResolvedCell, resolve
from matrix.rules import Repair

NOWHERE = Path("/nowhere")
"""not there, so that a plan that looks at its parts fails"""
HOST = "wasm32-unknown-emscripten"
NODE_TARGETS = ["node", "node-dl", "node-pthreads"]

TOOLCHAIN = emscripten.Toolchain(
    sdk=NOWHERE / "emscripten sdk",
    digest="the toolchain",
    node=NOWHERE / "node-20/node",
    python="/nowhere/venv/bin/python",
    directory=NOWHERE / "toolchain",
)
PARTS = layout.Parts(
    source=NOWHERE / "cpython",
    source_digest="the sources",
    make_digest="what make reads",
    configure_digest="what configure reads",
    entries=("Lib", "Modules", "Tools", "configure", ".git", "cross-build", "__pycache__"),
    sdk=TOOLCHAIN.sdk,
    sdk_digest=TOOLCHAIN.digest,
    files=BuildFiles(config_site="Tools/wasm/config.site-wasm32-emscripten"),
    python=NOWHERE / "native/python",
    build_machine="x86_64-pc-linux-gnu",
    directory=NOWHERE / "builds",
)
REPAIR = Repair(
    when=Condition(),
    cflags=("-Wno-int-conversion",),
    ldflags=("-sSTACK_SIZE=5MB", "-sA"),
    configure=("ac_cv_func_x=no",),
    reason="it is old",
    reference="https://example.org/",
)
MATRIX: Matrix = load()


def target(name: str) -> Target:
    return next(target for target in MATRIX.targets if target.id == name)


def build(name: str = "node", sdk: str = "3.1.69", cpython: str = "3.11.2", *, debug: bool = False) -> Build:
    return Build(
        target=target(name),
        sdk=next(row for row in MATRIX.sdks if row.id == f"emscripten-{sdk}"),
        cpython=next(row for row in MATRIX.cpythons if row.version == cpython),
        debug=debug,
    )


def resolved(one: Build) -> ResolvedCell:
    return resolve(MATRIX, Cell(build=one, runtime=MATRIX.runtime(one.sdk.node)))


def series(one: Build) -> Series:
    return resolved(one).series


def planned(one: Build | None = None, *repairs: Repair, jobs: int = 2, **changes: Any) -> BuildPlan:
    one = one or build()
    return emscripten.plan(one, series(one), repairs, replace(PARTS, **changes), TOOLCHAIN, jobs=jobs)


def step(plan: BuildPlan, name: str) -> Step:
    (found,) = (each for each in plan.steps if each.name == name)
    return found


# --- the build


def test_a_plan_is_a_function_of_its_arguments() -> None:
    assert planned(build(), REPAIR) == planned(build(), REPAIR)


def test_a_build_is_linked_configured_and_made() -> None:
    plan = planned()
    assert [each.name for each in plan.steps] == ["link", "configure", "make"]
    assert (plan.name, plan.directory) == (build().id, PARTS.directory)


def test_emscriptens_own_commands_start_configure_and_make() -> None:
    plan = planned()
    assert step(plan, "configure").argv[:2] == ("/nowhere/emscripten sdk/emscripten/emconfigure", "../../configure")
    assert step(plan, "make").words == ("/nowhere/emscripten sdk/emscripten/emmake", "make", "-s", "all", "-j2")


def test_configure_and_make_run_where_the_guest_sees_the_build() -> None:
    assert {step(planned(), name).cwd for name in ("configure", "make")} == {PARTS.directory / "cross-build" / HOST}


def test_configure_is_told_host_build_and_build_python() -> None:
    argv = step(planned(), "configure").argv
    assert f"--host={HOST}" in argv
    assert "--build=x86_64-pc-linux-gnu" in argv
    assert f"--with-build-python={PARTS.python}" in argv
    assert "-C" in argv  # the cache that harness.build.configure_answers shares


@pytest.mark.parametrize(
    ("name", "dynamic_linking", "threads"), [("node", "", ""), ("node-dl", "yes", ""), ("node-pthreads", "", "yes")]
)
def test_each_flavour_is_configured_with_its_flags(name: str, dynamic_linking: str, threads: str) -> None:
    argv = step(planned(build(name)), "configure").argv
    assert "--with-emscripten-target=node" in argv
    assert ("--enable-wasm-dynamic-linking" in argv) is bool(dynamic_linking)
    assert ("--disable-wasm-dynamic-linking" in argv) is not bool(dynamic_linking)
    assert ("--enable-wasm-pthreads" in argv) is bool(threads)
    assert ("--disable-wasm-pthreads" in argv) is not bool(threads)


def test_every_emscripten_target_is_told_apart_by_its_flags() -> None:
    told = [target.configure for target in MATRIX.targets if target.sdk_family is SdkFamily.EMSCRIPTEN]
    assert len(told) >= len(NODE_TARGETS)
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("cpython", ["3.11.2", "3.13.5"])
@pytest.mark.parametrize("name", NODE_TARGETS)
def test_a_flavour_differs_from_the_first_by_its_flags_alone(name: str, cpython: str) -> None:
    first, other = (step(planned(build(each, cpython=cpython)), "configure") for each in ("node", name))
    assert set(first.argv) - set(other.argv) <= set(target("node").configure)
    assert first.env == other.env


@pytest.mark.parametrize("debug", [True, False])
def test_only_a_debug_build_is_configured_with_pydebug(debug: bool) -> None:
    assert ("--with-pydebug" in step(planned(build(debug=debug)), "configure").argv) is debug


def test_configures_own_answers_for_emscripten_are_used() -> None:
    configure = step(planned(), "configure")
    assert configure.env["CONFIG_SITE"] == "../../Tools/wasm/config.site-wasm32-emscripten"
    assert "CONFIG_SITE" not in step(planned(), "make").env


def test_what_is_made_has_both_halves_of_the_program() -> None:
    work = PARTS.directory / "cross-build" / HOST
    assert {work / "python.js", work / "python.wasm"} <= set(step(planned(), "make").outputs)


def test_an_edited_source_is_made_again_but_not_configured_again() -> None:
    before, after = planned(), planned(source_digest="other sources")
    assert step(before, "configure") == step(after, "configure")
    assert step(before, "make") != step(after, "make")


def test_another_toolchain_is_configured_and_made_again() -> None:
    one = build()
    other = emscripten.plan(one, series(one), (), PARTS, replace(TOOLCHAIN, digest="another"), jobs=2)
    for name in ("configure", "make"):
        assert step(planned(), name) != step(other, name)


def test_the_number_of_jobs_changes_only_make() -> None:
    two, four = planned(jobs=2), planned(jobs=4)
    assert two.steps[:2] == four.steps[:2]
    assert step(four, "make").words[-1] == "-j4"


# --- repairs


def test_repairs_give_their_flags_to_configure() -> None:
    configure = step(planned(build(), REPAIR, replace(REPAIR, cflags=("-O1",), ldflags=("-sB",))), "configure")
    assert configure.env["LDFLAGS"] == "-sSTACK_SIZE=5MB -sA -sB"
    assert configure.env["CFLAGS"] == "-Wno-int-conversion -O1"
    assert configure.argv[-1] == "ac_cv_func_x=no"


def test_without_repairs_upstreams_own_flags_hold() -> None:
    env = step(planned(), "configure").env
    assert "CFLAGS" not in env
    assert "LDFLAGS" not in env


@pytest.mark.parametrize(
    ("sdk", "ldflags"), [("3.1.24", None), ("3.1.27", "-sSTACK_SIZE=5MB"), ("3.1.69", "-sSTACK_SIZE=5MB")]
)
def test_the_stack_is_enlarged_where_emscriptens_default_shrank(sdk: str, ldflags: str | None) -> None:
    one = build(sdk=sdk)
    assert step(planned(one, *resolved(one).repairs), "configure").env.get("LDFLAGS") == ldflags


# --- the layout


def test_a_guest_runs_the_javascript_half() -> None:
    guest = layout.layout_of(build(), series(build()))
    assert guest.executable == f"/cross-build/{HOST}/python.js"
    assert guest.platform_library("build/lib.x") == f"/cross-build/{HOST}/build/lib.x"


def test_a_debug_build_has_the_same_layout() -> None:
    assert layout.layout_of(build(debug=True), series(build())) == layout.layout_of(build(), series(build()))


def test_the_sources_are_linked_without_what_git_and_builds_leave() -> None:
    link = layout.link_sources(PARTS)
    assert link.argv[:4] == ("ln", "-sfn", "-t", str(PARTS.directory))
    assert link.argv[4:] == tuple(f"/nowhere/cpython/{name}" for name in ("Lib", "Modules", "Tools", "configure"))
    assert link == step(planned(), "link")


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(names))
def test_no_hidden_entry_is_copied_and_none_twice(entries: list[str]) -> None:
    copied = layout.copied(replace(PARTS, entries=tuple(set(entries))))
    assert list(copied) == sorted(set(copied))
    assert set(copied) == {name for name in entries if not name.startswith(".")} - layout.LEFT_OUT


# --- the toolchain


def test_the_environment_is_the_toolchains() -> None:
    env = TOOLCHAIN.environment
    assert env["EM_CONFIG"] == "/nowhere/toolchain/emscripten.config"
    assert env["EMSDK_PYTHON"] == "/nowhere/venv/bin/python"
    assert env["TZ"] == "UTC"
    assert "PATH" not in env  # else a build would depend on where it was started


def test_configure_is_told_the_node_that_runs_what_it_builds() -> None:
    assert step(planned(build("node")), "configure").env["HOSTRUNNER"] == "/nowhere/node-20/node"
    assert "HOSTRUNNER" not in step(planned(build("browser")), "configure").env


def test_every_step_that_compiles_has_the_toolchains_environment() -> None:
    steps = [*emscripten.libraries("libraries", target("node"), series(build()), TOOLCHAIN).steps, *planned().steps[1:]]
    for each in steps:
        assert TOOLCHAIN.environment.items() <= each.env.items()


def configured(toolchain: emscripten.Toolchain) -> dict[str, object]:
    """What Emscripten gets to know when it executes the configuration."""
    values: dict[str, object] = {}
    exec(compile(toolchain.configuration(), "emscripten.config", "exec"), {"__builtins__": {}}, values)
    return values


def test_the_configuration_names_the_sdk_node_and_cache() -> None:
    assert configured(TOOLCHAIN) == {
        "LLVM_ROOT": "/nowhere/emscripten sdk/bin",
        "BINARYEN_ROOT": "/nowhere/emscripten sdk",
        "NODE_JS": "/nowhere/node-20/node",
        "CACHE": "/nowhere/toolchain/cache",
        "FROZEN_CACHE": False,
    }


@given(names, names)
def test_the_configuration_is_python_whatever_the_paths_are(sdk: str, node: str) -> None:
    toolchain = replace(TOOLCHAIN, sdk=NOWHERE / sdk, node=NOWHERE / node / "node")
    values = configured(toolchain)
    assert values["BINARYEN_ROOT"] == str(toolchain.sdk)
    assert values["NODE_JS"] == str(toolchain.node)


# --- the SDK's libraries


def variants(name: str, one: Build | None = None) -> dict[str, Step]:
    plan = emscripten.libraries("libraries", target(name), series(one or build()), TOOLCHAIN)
    assert (plan.name, plan.directory) == ("libraries", TOOLCHAIN.directory)
    return {each.name: each for each in plan.steps}


def test_libraries_are_compiled_plain_and_optimised() -> None:
    steps = variants("node")
    assert list(steps) == ["libraries-plain", "libraries-optimised"]
    assert "-O0" in steps["libraries-plain"].argv
    assert "-O2" in steps["libraries-optimised"].argv


@pytest.mark.parametrize(
    ("name", "flags"),
    [("node-dl", ("-O2", "-fPIC", "-sMAIN_MODULE")), ("node-pthreads", ("-O2", "-pthread", "-sPROXY_TO_PTHREAD"))],
)
def test_a_flavour_with_libraries_of_its_own_has_them_compiled(name: str, flags: tuple[str, ...]) -> None:
    steps = variants(name)
    assert list(steps) == ["libraries-plain", "libraries-optimised", f"libraries-{name}"]
    argv = steps[f"libraries-{name}"].argv
    start = argv.index("-O2")
    assert argv[start : start + len(flags)] == flags


def test_flavours_share_the_steps_that_are_not_their_own() -> None:
    shared = list(variants("node").items())
    for name in NODE_TARGETS:
        assert list(variants(name).items())[: len(shared)] == shared


@pytest.mark.parametrize("name", NODE_TARGETS)
def test_each_variant_links_the_program_with_the_ports_to_a_place_of_its_own(name: str) -> None:
    steps = variants(name).values()
    for each in steps:
        assert each.argv[:2] == ("/nowhere/emscripten sdk/emscripten/emcc", str(TOOLCHAIN.program))
        assert {"-sUSE_ZLIB", "-sUSE_BZIP2"} <= set(each.argv)
        assert each.outputs == (Path(each.argv[-1]),)
        assert each.inputs == (TOOLCHAIN.digest,)
    assert len({each.outputs for each in steps}) == len(steps)


# --- a step as a command


@pytest.mark.parametrize("name", NODE_TARGETS)
def test_each_step_can_be_pasted(name: str) -> None:
    for each in (*variants(name).values(), *planned(build(name), REPAIR).steps):
        path = [f"PATH={':'.join(map(str, each.path))}:$PATH"] if each.path else []
        env = ["env", *path, *(f"{key}={value}" for key, value in each.env.items())] if each.env else []
        assert shlex.split(each.command()) == ["cd", str(each.cwd), "&&", *env, *each.words]


# --- from 3.14 on


NEW = CPython(version="3.14.2")


NEW_FILES = BuildFiles(
    config_site="Platforms/emscripten/config.site-wasm32-emscripten",
    launcher=("Platforms/emscripten/node_entry.mjs", "Platforms/emscripten/streams.mjs"),
)


def new(name: str = "node-dl") -> Build:
    return replace(build(name, "4.0.12"), cpython=NEW)


def test_the_one_build_of_314_is_configured_as_upstream_does_it() -> None:
    plan = planned(new(), files=NEW_FILES)
    configure = step(plan, "configure")
    assert "--host=wasm32-emscripten" in configure.argv
    assert "--enable-wasm-dynamic-linking" in configure.argv
    assert not any("--with-emscripten-target" in word or "pthreads" in word for word in configure.argv)
    assert configure.env["CFLAGS"] == "-DPY_CALL_TRAMPOLINE -sUSE_BZIP2"
    assert configure.env["CONFIG_SITE"] == "../../Platforms/emscripten/config.site-wasm32-emscripten"


def test_the_launcher_of_314_is_copied_and_run() -> None:
    plan = planned(new(), files=NEW_FILES)
    assert [each.name for each in plan.steps] == ["link", "configure", "make", "launcher"]
    copy = step(plan, "launcher")
    assert [path.name for path in copy.outputs] == ["node_entry.mjs", "streams.mjs"]
    assert copy.argv == ("cp", *(f"../../{file}" for file in NEW_FILES.launcher), ".")
    guest = layout.layout_of(new(), series(new()))
    assert guest.executable == "/cross-build/wasm32-emscripten/node_entry.mjs"
    assert guest.told(Path("/tree")) == ("--this-program=/tree/cross-build/wasm32-emscripten/python.sh",)


def test_a_page_loads_the_program_of_314_itself_and_has_the_trees_library() -> None:
    guest = layout.layout_of(new("browser"), series(new("browser")))
    assert guest.executable == "/cross-build/wasm32-emscripten/python.mjs"
    assert guest.told(Path("/tree")) == ()
    assert (guest.in_memory, guest.reduced, guest.library) == (True, False, "/Lib")
    assert guest.platform_library("build/lib.x") == "/cross-build/wasm32-emscripten/build/lib.x"


def test_a_build_for_browsers_up_to_313_has_a_library_of_its_own() -> None:
    guest = layout.layout_of(build("browser"), series(build("browser")))
    assert (guest.in_memory, guest.reduced) == (True, True)
    assert guest.library == guest.platform_library("build/lib.x") == "/usr/local/lib/python3.11"


@pytest.mark.parametrize("name", ["node-dl", "browser"])
def test_the_sdks_libraries_fit_the_one_build_of_314_whatever_the_target(name: str) -> None:
    argv = variants(name, new(name))[f"libraries-{name}"].argv
    assert {"-fPIC", "-sMAIN_MODULE"} <= set(argv)


def test_a_build_without_a_launcher_is_told_nothing() -> None:
    assert layout.layout_of(build(), series(build())).told(Path("/tree")) == ()


def test_314_has_one_target_for_node_and_one_for_browsers() -> None:
    expansion = expand(replace(MATRIX, cpythons=(NEW,)))
    made = {cell.build.target.id for cell in expansion.cells if cell.build.sdk.family is SdkFamily.EMSCRIPTEN}
    reasons = {rejected.cell.build.target.id: rejected.reason for rejected in expansion.rejected}
    assert made == {"node-dl", "browser"}
    assert "the target node-dl" in reasons["node"]
    assert "the target browser" in reasons["browser-dl"]


@pytest.mark.parametrize(("version", "flags"), [("22.20.0", ()), ("24.19.0", ("--experimental-wasm-jspi",))])
def test_node_24_is_told_to_switch_stacks(version: str, flags: tuple[str, ...]) -> None:
    node = next(runtime for runtime in MATRIX.runtimes if runtime.id == f"node-{version}")
    assert resolve(MATRIX, Cell(build=new(), runtime=node)).runtime_flags == flags
