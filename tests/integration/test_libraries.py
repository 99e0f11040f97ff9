"""libffi and mpdecimal with a real Emscripten: obtained, compiled, and linked into a program that Node runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.build.builder import Builder, Input, Inputs
from harness.build.execute import execute
from harness.build.linked import lay_out
from harness.build.stamps import pending_steps
from harness.build.toolchain import set_up
from harness.build.watcher import Silent
from harness.cells.libraries import obtain_libraries
from harness.cells.prepare import PrepareOptions, Preparer
from harness.machine.command import capture
from harness.machine.process import base_environment
from matrix.expand import expand
from matrix.load import load
from matrix.resolve import resolve
from tests.integration.conftest import real_store
from tests.integration.relaid import LIBFFI

CELL = "node_emscripten-3.1.69_cpython-3.11.2_node-20.18.0"
LIBRARIES = {"libffi": "3.4.6", "mpdec": "4.0.1"}
PROGRAM = r"""
#include <ffi.h>
#include <mpdecimal.h>
#include <stdio.h>

static int difference(int a, int b) { return a - b; }

int main(void) {
    ffi_cif cif;
    ffi_type *types[] = {&ffi_type_sint, &ffi_type_sint};
    int a = 50, b = 8;
    void *values[] = {&a, &b};
    ffi_arg result = 0;
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 2, &ffi_type_sint, types) != FFI_OK) return 1;
    ffi_call(&cif, FFI_FN(difference), &result, values);
    printf("%d %s\n", (int)result, mpd_version());
    return 0;
}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """As much of a CPython as a plan reads."""
    home = tmp_path / "cpython/Tools/wasm/emscripten"
    home.mkdir(parents=True)
    (home / "make_libffi.sh").write_text(LIBFFI)
    (home / "config.site-wasm32-emscripten").write_text("")
    (tmp_path / "cpython/configure").write_text("")
    return tmp_path / "cpython"


def test_a_program_is_linked_with_the_libraries_and_runs(tree: Path, tmp_path: Path) -> None:
    matrix, store = load(), real_store()
    (cell,) = (resolve(matrix, cell) for cell in expand(matrix).cells if cell.id == CELL)
    cell = replace(cell, series=replace(cell.series, libraries=LIBRARIES), libraries=matrix.libraries)
    preparer = Preparer(store, PrepareOptions(jobs=2), Silent(), print)

    def provided(item: str) -> Input:
        found = preparer.provide(cell, item)
        return Input(path=found.path, digest=found.digest)

    assert cell.node is not None
    found = obtain_libraries(cell, tree, store, print)
    assert [library.name for library in found] == ["libffi", "mpdec"]
    inputs = Inputs(
        cpython=Input(path=tree, digest="a tree"),
        sdk=provided(cell.build.sdk.id),
        node=provided(cell.node.id),
        ports={port.name: provided(port.id) for port in cell.ports},
        libraries={
            one.name: Input(path=one.obtained.path, digest=one.obtained.digest, version=one.version) for one in found
        },
    )
    planned = Builder(store, Silent(), print, jobs=2).plan(cell, inputs)
    assert planned.toolchain is not None
    set_up(planned.toolchain, {name: port.path for name, port in inputs.ports.items()}, store)
    lay_out(planned.linked)
    for plan in planned.linked_plans:
        execute(plan, store, Silent(), say=print)
        assert pending_steps(plan) == ()
    (tmp_path / "program.c").write_text(PROGRAM)
    flags = [word for one in planned.linked for value in one.variables.values() for word in value.split()]
    emcc = str(planned.toolchain.sdk / "emscripten/emcc")
    environment = base_environment() | planned.toolchain.environment
    # libffi's JavaScript calls stackAlloc without naming it; a main module, as CPython's, has it anyway.
    included = "-sDEFAULT_LIBRARY_FUNCS_TO_INCLUDE=$stackAlloc"
    command = [emcc, "program.c", *flags, "-sWASM_BIGINT", included, "-o", "program.js"]
    capture(command, env=environment, cwd=tmp_path)
    assert capture([str(planned.toolchain.node), "program.js"], cwd=tmp_path) == "42 4.0.1\n"
