"""What the plugin shows while the suite runs. tests/integration has the plugin in pytest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.suite.plugin import FailuresAtOnce


class Terminal:
    """What pytest's terminal reporter is asked for here."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        """what reaches a reader at once, through a pipe, too"""
        self._kept: list[str] = []

    def section(self, title: str, sep: str, *, red: bool) -> None:
        self._kept.append(title)

    def line(self, text: str) -> None:
        self._kept.append(text)

    def flush(self) -> None:
        self.shown += self._kept
        self._kept.clear()


def shown(outcome: str, *, style: str = "short") -> tuple[list[str], bool]:
    """What is shown of a module's report, and whether pytest will show it at the end."""
    terminal = Terminal()
    config: Any = SimpleNamespace(
        pluginmanager=SimpleNamespace(get_plugin={"terminalreporter": terminal}.get),
        option=SimpleNamespace(tbstyle=style),
    )
    report: Any = SimpleNamespace(
        nodeid="suite.json::test_csv", failed=outcome == "failed", longrepr="failed: test.test_csv.T.test_x"
    )
    FailuresAtOnce(config).pytest_runtest_logreport(report)
    return terminal.shown, not hasattr(report, "_pdbshown")


def test_a_failure_is_shown_at_once_and_not_again() -> None:
    assert shown("failed") == (["", "test_csv", "failed: test.test_csv.T.test_x"], False)


@pytest.mark.parametrize("outcome", ["passed", "skipped"])
def test_nothing_else_is_shown(outcome: str) -> None:
    assert shown(outcome) == ([], True)


def test_failures_are_not_shown_where_the_user_wants_none() -> None:
    assert shown("failed", style="no") == ([], True)
