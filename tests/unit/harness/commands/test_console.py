"""The console of every command: no text steers the terminal, also where a command forgot to make it safe."""

from __future__ import annotations

import io
import re

import pytest
from rich.markup import escape
from rich.table import Table

from harness.commands.terminal import SafeConsole
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
