"""The console of every command: no text steers the terminal, also where a command forgot to make it safe."""

from __future__ import annotations

import io
import re

import pytest
from rich.markup import escape
from rich.table import Table

from harness.commands.terminal import SafeConsole, TerminalWatcher
from tests.unit.hostile import TEXTS, UNSEEN


@pytest.fixture
def printed() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_of_any_kind_is_printed_as_what_can_be_seen(printed: io.TextIOWrapper, text: str) -> None:
    console = SafeConsole(file=printed, highlight=False, width=200)
    table = Table("a heading", escape(text))
    table.add_row("a row", escape(text))
    console.print(f"before {escape(text)} after", soft_wrap=True)
    console.print(table)
    printed.seek(0)
    said = printed.read()
    assert "before" in said
    assert "a row" in said
    assert not re.search(UNSEEN, said)


def test_colours_of_our_own_stay(printed: io.TextIOWrapper) -> None:
    console = SafeConsole(file=printed, force_terminal=True, color_system="standard", highlight=False)
    console.print("[red]error[/red]: \x1b[2J")
    printed.seek(0)
    assert printed.read() == "\x1b[31merror\x1b[0m: \\x1b[2J\n"


# --- the progress of steps


def test_steps_that_run_at_once_are_told_line_by_line(printed: io.TextIOWrapper) -> None:
    watcher = TerminalWatcher(SafeConsole(file=printed, highlight=False, width=200))
    one, other = watcher.begin("make [one]", 60), watcher.begin("make other", 1)
    one.tick(0.2)
    other.end("failed", 0.3)
    one.end("stopped", 0.5)
    printed.seek(0)
    assert printed.read() == "make [one] ... (about 60 s)\nmake other: failed, 0.3 s\nmake [one]: stopped, 0.5 s\n"


def test_on_a_terminal_each_running_step_has_a_bar(printed: io.TextIOWrapper) -> None:
    console = SafeConsole(file=printed, force_terminal=True, color_system=None, highlight=False, width=100)
    watcher = TerminalWatcher(console)
    one, other = watcher.begin("make [one]", 60), watcher.begin("make other", 1)
    one.tick(20)
    rows = [bar.cells() for bar in watcher.running]
    assert [(row[0], *row[2:]) for row in rows] == [
        (r"make \[one]", "20 s", "about 40 s left"),
        ("make other", "0 s", "about 1 s left"),
    ]
    other.tick(3)
    assert watcher.running[1].cells()[3] == "2 s longer than last time"
    one.end("done", 61)
    assert [bar.cells()[0] for bar in watcher.running] == ["make other"]
    other.end("done", 4)
    assert watcher.running == ()
    printed.seek(0)
    said = printed.read()
    assert "make [one]: done, 61.0 s" in said
    assert "make other: done, 4.0 s" in said
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")  # the cursor is shown again
