"""A runtime that is described by data: its command line, what is done for it, how its guests end."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.guests.adapter import GuestRun
from harness.guests.guest_files import Preopen
from harness.guests.runtimes import command, confine
from harness.guests.runtimes.command import Command
from harness.machine.command import CommandFailed
from harness.machine.store import Store
from matrix.commands import CommandLine, Ending
from matrix.errors import GuestDidNotStart
from tests import wasm

PROGRAM = Path("/nowhere/my wasm")
LINE = CommandLine(
    run=("go", "--stack={kib}K", "--memory", "{memory}", "{preopens}", "{variables}", "{module}", "{arguments}"),
    preopen=("--dir", "{host}={guest}"),
    variable=("-e{name}={value}",),
)
RUN = GuestRun(
    wasm=Path("/tree/python.wasm"),
    wasm_digest="the wasm",
    argv=("/cross-build/host/python.wasm", "-c", "print('{module} {x}')"),
    env={"PYTHONPATH": "/cross-build/host/lib", "A": "{host}"},
    preopens=(
        Preopen(host=Path("/scratch/root"), guest="/", writable=True),
        Preopen(host=Path("/tree/Modules"), guest="/Modules"),
    ),
    wasm_stack=8 << 20,
    memory_limit=32 << 20,
)


@pytest.fixture(autouse=True)
def landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "version", lambda: 4)


def adapter(line: CommandLine = LINE) -> Command:
    return Command("mywasm", PROGRAM, "the command", line)


def argv(line: CommandLine = LINE, compiled: Path = RUN.wasm) -> tuple[str, ...]:
    words = adapter(line).command(RUN, compiled, Path("/scratch")).argv
    return words[words.index("--") + 1 :]


# --- the command line


def test_the_template_is_filled() -> None:
    assert argv() == (
        str(PROGRAM), "go", "--stack=8192K", "--memory", str(32 << 20),
        "--dir", "/scratch/root=/", "--dir", "/tree/Modules=/Modules",
        "-ePYTHONPATH=/Lib:/cross-build/host/lib", "-eA={host}",
        "/tree/python.wasm", "-c", "print('{module} {x}')",
    )  # fmt: skip


def test_directories_that_are_only_read_have_words_of_their_own_where_the_kernel_has_no_landlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = replace(LINE, read_only=("--ro={guest}={host}",))
    assert argv(line) == argv()
    monkeypatch.setattr(confine, "version", lambda: 0)
    words = argv(line)
    assert words[words.index("--dir") :][:3] == ("--dir", "/scratch/root=/", "--ro=/Modules=/tree/Modules")
    assert "/tree/Modules=/Modules" in argv()


def test_a_command_that_takes_argv0_needs_no_path_of_the_library() -> None:
    words = argv(replace(LINE, run=("--argv0={argv0}", *LINE.run)))
    assert "--argv0=/cross-build/host/python.wasm" in words
    assert "-ePYTHONPATH=/cross-build/host/lib" in words


def test_kept_code_and_the_module_lie_side_by_side() -> None:
    line = replace(LINE, run=("--code={code}", *LINE.run), compile=("compile", "{module}", "{code}"))
    words = argv(line, Path("/kept"))
    assert "--code=/kept/code" in words
    assert "/kept/python.wasm" in words


def test_it_is_confined_and_its_own_stack_and_memory_are_limited() -> None:
    words = adapter().command(RUN, RUN.wasm, Path("/scratch")).argv
    limits = (f"--stack={8 * (8 << 20)}", f"--memory={2 * (32 << 20) + (2 << 30)}")
    assert words[: words.index("--")] == (sys.executable, "-I", "-S", confine.__file__, *limits, "/scratch/root")
    assert adapter().confines_writes


def test_what_it_cannot_do_is_said() -> None:
    full = replace(LINE, run=("--argv0={argv0}", *LINE.run))
    assert adapter(full).shortcomings == ()
    (name,) = adapter().shortcomings
    assert "chooses argv[0] itself" in name
    (_, stack) = adapter(replace(LINE, run=tuple(word for word in LINE.run if "kib" not in word))).shortcomings
    assert "no option for the size of the stack" in stack
    (out,) = adapter(replace(full, confines=False)).shortcomings
    assert "does not keep guests in their directories" in out


# --- what is kept


@pytest.fixture
def run(tmp_path: Path) -> GuestRun:
    """A run of a real module, whose memory has no maximum."""
    module = tmp_path / "python.wasm"
    module.write_bytes(wasm.exits(0))
    return replace(RUN, wasm=module)


def test_a_command_that_limits_memory_gets_the_module_itself(run: GuestRun, store: Store) -> None:
    assert adapter().compile(run, store) == run.wasm
    assert not adapter().keeps_code


def test_for_one_that_does_not_the_limit_is_in_the_module(run: GuestRun, store: Store) -> None:
    line = replace(LINE, run=tuple(word for word in LINE.run if "memory" not in word))
    kept = adapter(line).compile(run, store)
    assert wasm.maximum_of(io.BytesIO((kept / "python.wasm").read_bytes())) == 512
    other = adapter(line).compile(replace(run, memory_limit=64 << 20), store)
    assert wasm.maximum_of(io.BytesIO((other / "python.wasm").read_bytes())) == 1024


def test_code_is_compiled_once_for_each_command_and_template(
    run: GuestRun, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def capture(argv: list[str], *, timeout: float) -> str:
        calls.append(argv)
        (Path(argv[-1]) / "some.code").write_text("code")
        return ""

    monkeypatch.setattr(command, "capture", capture)
    line = replace(LINE, run=("--code={code}", *LINE.run), compile=("compile", "{module}", "{code}"))
    kept = adapter(line).compile(run, store)
    assert adapter(line).compile(run, store) == kept
    assert adapter(line).keeps_code
    assert (kept / "code/some.code").read_text() == "code"
    assert [one[:2] for one in calls] == [[str(PROGRAM), "compile"]]
    optimised = replace(line, compile=("compile", "-O", "{module}", "{code}"))
    assert adapter(optimised).compile(run, store) != kept
    assert Command("mywasm", PROGRAM, "another", line).compile(run, store) != kept


def test_a_module_that_cannot_be_compiled_is_a_fault(
    run: GuestRun, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def capture(argv: list[str], *, timeout: float) -> str:
        raise CommandFailed(argv, 1, "no")

    monkeypatch.setattr(command, "capture", capture)
    line = replace(LINE, run=("--code={code}", *LINE.run), compile=("compile", "{module}", "{code}"))
    with pytest.raises(GuestDidNotStart, match="mywasm cannot compile"):
        adapter(line).compile(run, store)
    assert not list((store.root / "state/compiled").iterdir())


# --- how guests end

ENDING = replace(
    LINE,
    ends=(
        Ending(means="a trap", output="^Error: wasm trap"),
        Ending(means="a full stack", status=77),
        Ending(means="no import", output="unknown import", status=1),
    ),
)


@pytest.mark.parametrize(
    ("code", "output", "meaning"),
    [
        (3, "hello\nError: wasm trap\n", "a trap"),
        (77, "Error: wasm trap", "a trap"),
        (77, "", "a full stack"),
        (1, "unknown import x", "no import"),
        (2, "unknown import x", "exit status 2"),
        (1, "the text Error: wasm trap", "exit status 1"),
        (-9, "", "signal SIGKILL"),
        (3, "Error: wasm trap\n" + "x" * 30_000, "exit status 3"),
    ],
)
def test_the_first_ending_that_fits_counts(code: int, output: str, meaning: str) -> None:
    assert adapter(ENDING).describe_end(code, output) == f"the guest ended with {meaning}"
