"""The scripts that repairs link into an Emscripten program."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.builder import Builder, Input, Inputs
from harness.build.recipes.emscripten import Toolchain
from harness.build.toolchain import PRE_JS, set_up
from harness.build.watcher import Silent
from harness.machine.store import Store
from matrix.conditions import Condition
from matrix.expand import expand
from matrix.rules import Repair
from tests.unit.harness.build.test_recipes_emscripten import (
    MATRIX,
    NODE_TARGETS,
    REPAIR,
    build,
    planned,
    resolved,
    step,
)

SCRIPTED = Repair(when=Condition(), pre_js=("a.js", "b.js"), reason="it is old", reference="https://example.org/")


def test_a_script_is_copied_before_configure_and_linked_into_the_program_alone() -> None:
    plan = planned(build(), SCRIPTED, pre_js_digest="the scripts")
    assert [each.name for each in plan.steps] == ["link", "pre-js", "configure", "make"]
    copy, configure = step(plan, "pre-js"), step(plan, "configure")
    assert copy.argv == ("cp", "/nowhere/toolchain/pre_js/a.js", "/nowhere/toolchain/pre_js/b.js", ".")
    assert (copy.cwd, copy.inputs) == (configure.cwd, ("the scripts",))
    assert copy.outputs == (copy.cwd / "a.js", copy.cwd / "b.js")
    assert configure.env["LINKFORSHARED"] == "--pre-js a.js --pre-js b.js"
    assert "pre-js" not in configure.env.get("LDFLAGS", "")


def test_without_a_script_nothing_is_copied_or_linked() -> None:
    plan = planned(build(), REPAIR)
    assert "pre-js" not in [each.name for each in plan.steps]
    assert "LINKFORSHARED" not in step(plan, "configure").env


@pytest.mark.parametrize("target", NODE_TARGETS)
@pytest.mark.parametrize(
    ("sdk", "cpython", "repaired"),
    [("3.1.69", "3.11.2", False), ("3.1.69", "3.13.5", True), ("6.0.5", "3.11.2", True), ("6.0.5", "3.13.5", True)],
)
def test_standard_streams_are_repaired_where_fstat_of_them_fails(
    target: str, sdk: str, cpython: str, repaired: bool
) -> None:
    scripts = [name for row in resolved(build(target, sdk, cpython)).repairs for name in row.pre_js]
    assert scripts == (["standard_streams.js"] if repaired else [])


def test_a_program_for_a_browser_needs_no_such_script() -> None:
    assert not any(row.pre_js for row in resolved(build("browser", "6.0.5", "3.13.5")).repairs)


@pytest.mark.parametrize(
    ("cell", "issue"),
    [
        ("node_emscripten-6.0.5_cpython-3.11.2_node-20.18.0", "27628"),
        ("node-dl_emscripten-3.1.69_cpython-3.13.5_node-22.20.0", "16414"),
    ],
)
def test_builds_that_did_not_start_are_made_on_demand_only(cell: str, issue: str) -> None:
    rejected = {row.cell.id: row for row in expand(MATRIX).rejected}
    assert rejected[cell].reference.endswith(issue)
    assert cell in {one.id for one in expand(MATRIX, known_bad=True).cells}


def test_each_script_is_named_by_a_repair_and_each_name_is_a_script() -> None:
    named = {name for row in MATRIX.repairs for name in row.pre_js}
    assert named == {path.name for path in PRE_JS.glob("*.js")} != set()


# --- their content


def test_a_set_up_toolchain_has_the_scripts(tmp_path: Path) -> None:
    directory = tmp_path / "toolchain"
    directory.mkdir()
    node = Path("/nowhere/node")
    toolchain = Toolchain(sdk=tmp_path / "sdk", digest="", node=node, python="python3", directory=directory)
    set_up(toolchain, {}, Store(tmp_path / "cache"))
    copied = toolchain.pre_js / "standard_streams.js"
    assert copied.read_bytes() == (PRE_JS / "standard_streams.js").read_bytes()


def test_a_changed_script_changes_the_step_that_copies_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, scripts, part = tmp_path / "source", tmp_path / "scripts", Input(path=Path("/nowhere"), digest="part")
    (source / "Tools/wasm").mkdir(parents=True)
    (source / "Include").mkdir()
    (source / "Include/patchlevel.h").write_text("")
    (source / "Tools/wasm/config.site-wasm32-emscripten").write_text("")
    scripts.mkdir()
    monkeypatch.setattr("harness.build.builder.PRE_JS", scripts)
    builder = Builder(Store(tmp_path / "cache"), Silent(), print, jobs=1)
    inputs = Inputs(cpython=Input(path=source, digest="the sources"), sdk=part, node=part)
    cell = replace(resolved(build()), repairs=(SCRIPTED,))
    seen = set()
    for text in ("1", "2"):
        for name in SCRIPTED.pre_js:
            (scripts / name).write_text(text)
        seen.add(step(builder.plan(cell, inputs).build, "pre-js").inputs)
    assert len(seen) == 2
