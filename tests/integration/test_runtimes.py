"""Every runtime of WASI on real input: CPython's tests, tests that misbehave, and modules that end in each way."""

from __future__ import annotations

import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from harness.build.watcher import Silent
from harness.cells.prepare import Prepared, PrepareOptions, Preparer
from harness.guests.adapter import Adapter, GuestRun
from harness.guests.runtimes import confine
from harness.guests.runtimes.wasmtime_embedded import HOST
from harness.guests.settings import Limits
from harness.machine.guest_process import GuestProcess
from harness.machine.hashing import file_sha256
from harness.machine.process import base_environment
from harness.machine.store import Store
from harness.provide.items import runtime_providers
from harness.provide.obtain import obtain
from harness.suite.observing import adapter_of, by_hand
from harness.suite.reproduce import reproduction
from matrix.errors import HarnessFault, Unobtainable
from matrix.expand import expand
from matrix.load import load
from matrix.model import RuntimeKind
from matrix.outcome import Status
from matrix.resolve import resolve
from matrix.select import Selection, select
from tests import wasm
from tests.integration.conftest import (
    BROKEN,
    REAL_ENVIRONMENT,
    TOP,
    Harness,
    harness_command,
    outcomes,
    real_store,
    summary,
)

RUNTIMES = (
    "wasmtime-50.0.1",
    "wasmtime-cli-49.0.3",
    "wasmtime-component-49.0.3",
    "node-wasi-20.18.0",
    "node-wasi-24.19.0",
    "wazero-1.12.0",
    "wasmedge-0.17.1",
)
ELSEWHERE = ("wasmtime-component-49.0.3", "wazero-1.12.0", "wasmedge-0.17.1")
"""those that CI does not rest on"""
TOLD_APART = ("wasmtime-50.0.1", "wasmtime-cli-49.0.3", "wasmtime-component-49.0.3")
"""those under which a test that fills the memory gets a MemoryError, and no other test notices.

Under node-wasi 20.18.0 V8 ends the guest with SIGABRT instead, twice. The others were not tried yet.
"""
SLICE = ("test_json", "test_struct")
MORE = ("test_posixpath", "test_os")
"""modules in which the file systems of other runtimes than wasmtime show"""
MEMORY = 48 << 20
"""bytes that a guest may have"""


@pytest.fixture
def store() -> Store:
    return real_store()


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest, store: Store) -> str:
    """The id of a runtime of the target `wasi`. One that comes from a suite that moves, or by npm, may be missing."""
    name: str = request.param
    if name in ELSEWHERE:
        matrix = load()
        (cell,) = select(expand(matrix), Selection(target=("wasi",), runtime=(name,)))
        try:
            Preparer(store, PrepareOptions(jobs=2), Silent(), print).provide(resolve(matrix, cell), name)
        except Unobtainable as exc:
            pytest.skip(f"{name} is not available on this machine: {exc}")
    return name


@pytest.fixture
def prepared(runtime: str, store: Store) -> Prepared:
    """The default cell of `wasi` under the runtime."""
    matrix = load()
    (cell,) = select(expand(matrix), Selection(target=("wasi",), runtime=(runtime,)))
    preparer = Preparer(store, PrepareOptions(jobs=2), Silent(), print)
    return preparer.prepare(resolve(matrix, cell), Limits())


@pytest.fixture
def adapter(prepared: Prepared) -> Adapter:
    return adapter_of(prepared)


def ended(argv: tuple[str, ...], env: dict[str, str], directory: Path) -> tuple[int, str]:
    """The exit status of a guest, and what it printed."""
    guest = GuestProcess(argv, env=base_environment() | env, cwd=directory, output_limit=1 << 20)
    code = guest.wait(120)
    output = guest.output
    guest.kill()
    assert code is not None, f"it did not end: {output}"
    return code, output


def run_module(adapter: Adapter, content: bytes, store: Store, directory: Path) -> tuple[int, str]:
    """The exit status of a module under a runtime, and how the adapter describes it."""
    path = directory / "python.wasm"
    path.write_bytes(content)
    run = GuestRun(
        wasm=path,
        wasm_digest=file_sha256(path),
        argv=("/python.wasm",),
        env={},
        preopens=(),
        wasm_stack=1 << 20,
        memory_limit=MEMORY,
    )
    command = adapter.command(run, adapter.compile(run, store), directory)
    code, output = ended(command.argv, dict(command.env), directory)
    return code, adapter.describe_end(code, output) if code else ""


def run_python(adapter: Adapter, prepared: Prepared, directory: Path, code: str) -> tuple[int, str]:
    """The exit status of a guest that runs Python code, and what it printed."""
    command = by_hand(prepared.settings, adapter, directory, ("-c", code))
    return ended(command.argv, dict(command.env), directory)


# --- the suite


def test_the_default_build_is_green(harness: Harness, tmp_path: Path, runtime: str) -> None:
    modules = (*SLICE, *MORE) if runtime in ("wasmtime-50.0.1", "wasmtime-cli-49.0.3") else SLICE
    done = harness("test", "--target", "wasi", "--runtime", runtime, *modules)
    assert done.returncode == 0, done.stdout + done.stderr
    (cell,) = summary(tmp_path)["cells"]
    assert cell["status"] == "ok"
    assert cell["modules"] == {"planned": len(modules), "run": len(modules), "vacuous": [], "reused": 0}
    assert cell["counts"]["passed"] > 100 * len(modules)
    assert cell["sdk"]["provider"]


@pytest.mark.parametrize("runtime", TOLD_APART, indirect=True)
def test_broken_tests_are_regressions_and_affect_no_other_test(
    harness: Harness, tmp_path: Path, broken_tree: Path, runtime: str
) -> None:
    modules = (*BROKEN, "test_json")
    harness("test", "--target", "wasi", "--runtime", runtime, *modules)
    before = {name: outcome.status for name, outcome in outcomes(tmp_path).items()}
    limits = ("--timeout", "20", "--memory", "512")  # a memory of 2 GiB takes some seconds to fill
    cell = ("--target", "wasi", "--runtime", runtime, "--cpython", str(broken_tree))
    done = harness("test", *cell, *limits, *modules)
    assert done.returncode == 1, done.stdout + done.stderr
    after = outcomes(tmp_path)
    changed = {name: after[name] for name in after if after[name].status is not before.get(name)}
    assert set(before) == set(after)
    assert len(changed) == len(BROKEN)
    kinds = {name.split(".")[1]: outcome for name, outcome in changed.items()}
    assert {module: outcome.status for module, outcome in kinds.items()} == {
        "test_bool": Status.FAILED,
        "test_textwrap": Status.CRASHED,
        "test_colorsys": Status.TIMED_OUT,
        "test_contains": Status.ERRORED,
        "test_copy": Status.ERRORED,
    }
    assert "made to fail" in kinds["test_bool"].detail
    assert "trap" in kinds["test_textwrap"].detail
    assert "MemoryError" in kinds["test_contains"].detail
    last = kinds["test_copy"].detail.splitlines()[-1]
    assert last.endswith("OutputLimitExceeded: a test may print 8388608 characters; this one printed more"), last
    assert kinds["test_copy"].output.startswith("xxxx")
    red = summary(tmp_path)["unexpected"]
    assert {row["verdict"] for row in red} == {"regression"}
    assert all("nox -s test-wasi -- --cell" in row["reproduce"] for row in red)


# --- how guests end


def test_an_exit_status_is_the_guests(adapter: Adapter, store: Store, tmp_path: Path) -> None:
    told = 1 if any("exit statuses 0 and 1" in one for one in adapter.shortcomings) else 7
    assert run_module(adapter, wasm.exits(7), store, tmp_path) == (told, f"the guest ended with exit status {told}")


def test_a_trap_is_told_from_an_exit(adapter: Adapter, store: Store, tmp_path: Path) -> None:
    code, described = run_module(adapter, wasm.traps(), store, tmp_path)
    assert code != 0
    assert "trap" in described


def test_an_exhausted_stack_ends_the_guest_alone(adapter: Adapter, store: Store, tmp_path: Path) -> None:
    code, described = run_module(adapter, wasm.recurses(), store, tmp_path)
    assert code != 0
    # WasmEdge's interpreter has no limit on the stack: the limit on its own memory ends it.
    assert any(word in described for word in ("trap", "stack", "memory"))


def test_memory_ends_at_its_limit(adapter: Adapter, store: Store, tmp_path: Path) -> None:
    assert run_module(adapter, wasm.fills_memory(MEMORY >> 20), store, tmp_path) == (0, "")
    assert run_module(adapter, wasm.fills_memory((MEMORY >> 20) - 1), store, tmp_path)[0] != 0


def test_a_missing_import_is_no_exit_of_the_guest(adapter: Adapter, store: Store, tmp_path: Path) -> None:
    try:
        code, described = run_module(adapter, wasm.lacks_an_import(), store, tmp_path)
    except HarnessFault as exc:
        code, described = 1, exc.message  # it cannot become a component
    assert code != 0
    assert described


# --- by hand


def test_the_command_of_a_report_runs_a_test_without_the_harness(
    prepared: Prepared, wasmtime: Path, tmp_path: Path
) -> None:
    command = reproduction(prepared, "test_bool.BoolTest.test_repr", tmp_path / "bare", bare=True)
    assert not {confine.__file__, str(HOST)} & set(command.argv)
    path = f"{wasmtime.parent}:{REAL_ENVIRONMENT['PATH']}"  # the library's command is found there
    done = subprocess.run(
        ["sh", "-c", command.folded()],
        env=REAL_ENVIRONMENT | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ran 1 test" in done.stdout + done.stderr


# --- which files a guest can reach

ESCAPES = """
import os
for path in ({outside!r}, "/../../../..{outside}", "../../../../../../../..{outside}", "/link"):
    for flags, purpose in ((os.O_RDONLY, "for reading"), (os.O_WRONLY, "for writing")):
        try:
            os.close(os.open(path, flags))
        except OSError:
            pass
        else:
            print("opened", path, purpose)
print("tried")
"""


def test_a_guest_does_not_leave_its_directories(
    adapter: Adapter, prepared: Prepared, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_text("secret")
    words = ("-c", ESCAPES.format(outside=str(outside)))
    command = by_hand(prepared.settings, adapter, tmp_path, words)
    (tmp_path / "root/link").symlink_to("../" * 10 + str(outside).lstrip("/"))
    status, said = ended(command.argv, dict(command.env), tmp_path)
    assert status == 0, said
    assert said.endswith("tried\n")
    if any("does not keep guests in their directories" in note for note in prepared.notes):
        assert "opened /link for reading" in said, "it does, and the note is wrong"
    else:
        assert "opened" not in said
    assert "for writing" not in said


def test_a_guest_writes_to_its_own_directories_only(adapter: Adapter, prepared: Prepared, tmp_path: Path) -> None:
    if not adapter.confines_writes:
        assert any("does not keep guests from writing" in note for note in prepared.notes)
        pytest.skip("the report says that this runtime does not")
    code = "\n".join(
        [
            "open('/own', 'w').close()",
            "try: open('/Modules/Setup', 'a')",
            "except OSError: print('refused')",
        ]
    )
    status, said = run_python(adapter, prepared, tmp_path, code)
    assert status == 0
    assert said.endswith("refused\n")


def test_landlock_is_there() -> None:
    assert confine.version(), "without it most runtimes confine nothing"


# --- runtimes that are not in the matrix

WASMTIME = """#!/bin/sh
if [ "$1" = --version ]; then echo "{says}"; exit; fi
exec {wasmtime} {words} "$@"
"""
"""a shell script around wasmtime's command"""
ROW = """
[[runtime]]
name = "mywasm"
version = "1.0.0"
kind = "command"

[runtime.command]
run = ["-W", "max-memory-size={memory}", "-W", "max-wasm-stack={stack}", "--argv0", "{argv0}", "{preopens}", \
"{variables}", "{module}", "{arguments}"]
preopen = ["--dir", "{host}::{guest}"]
variable = ["--env", "{name}={value}"]

[[runtime.command.ends]]
means = "a trap or an abort"
status = 134
"""


@pytest.fixture
def wasmtime(store: Store) -> Path:
    """wasmtime's command."""
    (row,) = (row for row in load().runtimes if row.kind is RuntimeKind.CLI)
    return obtain(row.id, runtime_providers(row, store), store, print).path


def script(path: Path, wasmtime: Path, *, says: str, words: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(WASMTIME.format(wasmtime=wasmtime, says=says, words=words))
    path.chmod(0o755)
    return path


def test_a_reader_of_the_docs_adds_a_runtime_by_a_row(wasmtime: Path, tmp_path: Path) -> None:
    how_to = (TOP / "docs/how-to/add-a-runtime.md").read_text()
    assert textwrap.indent(ROW.strip(), "    ", lambda line: bool(line.strip())) in how_to, "the row of the docs"
    project = tmp_path / "project"
    for name in ("harness", "matrix", "reports"):
        shutil.copytree(TOP / name, project / name, ignore=shutil.ignore_patterns("out", "__pycache__"))
    with (project / "matrix/data/runtimes.toml").open("a") as file:
        file.write(ROW)
    targets = project / "matrix/data/targets.toml"
    targets.write_text(targets.read_text().replace('["wasmtime", ', '["mywasm", "wasmtime", ', 1))
    command = script(tmp_path / "bin/mywasm", wasmtime, says="mywasm 1.0.0", words="run")
    done = subprocess.run(
        harness_command(tmp_path, "test", "--target", "wasi", "--runtime", "mywasm-1.0.0", *SLICE),
        cwd=project,
        env=REAL_ENVIRONMENT | {"PATH": f"{command.parent}:{REAL_ENVIRONMENT['PATH']}"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (cell,) = summary(tmp_path)["cells"]
    assert cell["status"] == "ok"
    assert cell["runtime"]["provider"] == "PATH"
    assert cell["counts"]["passed"] > 200


def test_an_executable_of_a_known_runtime_is_used(harness: Harness, tmp_path: Path, wasmtime: Path) -> None:
    own = script(tmp_path / "bin/my-wasmtime", wasmtime, says="wasmtime 51.0.0 (0123abc 2026-11-20)")
    done = harness("test", "--target", "wasi", "--runtime", str(own), "test_struct")
    assert done.returncode == 0, done.stdout + done.stderr
    (cell,) = summary(tmp_path)["cells"]
    assert cell["id"].endswith("_wasmtime-cli-51.0.0-my-wasmtime")
    assert cell["runtime"]["version"] == "51.0.0"


NONE = {
    "does not exist": (None, 0o755, "there is no such file"),
    "may not be executed": ("#!/bin/sh\necho 'wasmtime 51.0.0'\n", 0o644, "it may not be executed"),
    "is another program": ("#!/bin/sh\necho 'xmltool 1.0'\n", 0o755, "it says 'xmltool 1.0'"),
    "fails": ("#!/bin/sh\nexit 3\n", 0o755, "does not run"),
    "hangs": ("#!/bin/sh\nexec sleep 3600\n", 0o755, "does not run: it gave no answer within"),
    "prints 100 MB": ("#!/bin/sh\nhead -c 100000000 /dev/zero | tr '\\0' x\n", 0o755, "it says 'xxx"),
    "is cut short": ("\x7fELF", 0o755, "does not run"),
}
"""what is no runtime: its content, its mode, and what is said of it"""


@pytest.mark.parametrize(("content", "mode", "reason"), NONE.values(), ids=NONE.keys())
def test_what_is_no_runtime_is_left_out_and_other_cells_go_on(
    harness: Harness, tmp_path: Path, content: str | None, mode: int, reason: str
) -> None:
    path = tmp_path / "runtime"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    alone = harness("test", "--target", "wasi", "--runtime", str(path), "test_bool")
    assert alone.returncode == 3, alone.stdout + alone.stderr
    assert reason in alone.stderr
    assert "Traceback" not in alone.stderr
    done = harness("test", "--target", "wasi", "--runtime", str(path), "--runtime", "wasmtime-50.0.1", "test_bool")
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"left out: {path}" in done.stdout
    assert [cell["status"] for cell in summary(tmp_path)["cells"]] == ["ok"]


COMPILES_NOTHING = "while [ $1 != -o ]; do shift; done; : > $2; exit"
RUNS_NOTHING = {
    "is too old": ("echo \"error: unexpected argument '-W' found\" >&2; exit 2", "", "unexpected argument '-W' found"),
    "is out of room": (COMPILES_NOTHING, "echo 'no room' >&2; exit 9", "no room"),
    "hangs": (COMPILES_NOTHING, "exec sleep 3600", "the guest did not start: no test ended for 15 s"),
    "prints 100 MB": (
        COMPILES_NOTHING,
        "head -c 100000000 /dev/zero | tr '\\0' x",
        "the guest did not start: the guest printed more than 64 MiB and was ended",
    ),
    "lacks an import": (
        'shift; exec {wasmtime} compile "$@"',
        'shift; exec {wasmtime} run -S cli=n "$@"',
        "unknown import: `wasi_snapshot_preview1::",
    ),
}
"""what a wasmtime does to compile and to run, and what is said of it"""


@pytest.mark.parametrize(("compiles", "runs", "reason"), RUNS_NOTHING.values(), ids=RUNS_NOTHING.keys())
def test_a_runtime_that_runs_nothing_is_a_red_cell_and_other_cells_go_on(
    harness: Harness, tmp_path: Path, wasmtime: Path, compiles: str, runs: str, reason: str
) -> None:
    path = tmp_path / "wasmtime"
    cases = f"--version) echo 'wasmtime 51.0.0';; compile) {compiles};; *) {runs};;"
    path.write_text(f"#!/bin/sh\ncase $1 in {cases.replace('{wasmtime}', str(wasmtime))} esac\n")
    path.chmod(0o755)
    cells = ("--target", "wasi", "--runtime", str(path), "--runtime", "wasmtime-50.0.1")
    done = harness("test", *cells, "--timeout", "15", "test_bool")
    run = summary(tmp_path)
    found = {cell["id"].rpartition("_")[2]: cell for cell in run["cells"]}
    assert set(found) == {"wasmtime-cli-51.0.0-wasmtime", "wasmtime-50.0.1"}
    assert found["wasmtime-50.0.1"]["status"] == "ok"
    red = found["wasmtime-cli-51.0.0-wasmtime"]
    # Without compiled code the cell is an error; a guest that does not start is a red outcome.
    assert (done.returncode, red["status"]) in {(4, "error"), (1, "unexpected")}, done.stdout + done.stderr
    details = [
        row["detail"] for row in run["unexpected"] if row["verdict"] == "harness_error" and row["cell"] == red["id"]
    ]
    assert reason in "".join((red["reason"], *details))
    assert "Traceback" not in done.stdout + done.stderr
