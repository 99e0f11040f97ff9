"""Shows what a build does: a bar on a terminal, a line at the beginning and end of a step elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table


class TerminalWatcher:
    """A bar that is as far as the time that the step took before says; it waits at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._title = ""
        self._expected = 1.0

    def begin(self, title: str, expected: float) -> None:
        self._title, self._expected = title, max(expected, 0.1)
        if self._console.is_terminal:
            self._live = Live(self._row(0.0), console=self._console, transient=True, refresh_per_second=4)
            self._live.start()
        elif expected > 2:
            self._console.print(f"{escape(title)} ... (about {expected:.0f} s)", soft_wrap=True)

    def tick(self, elapsed: float) -> None:
        if self._live is not None:
            self._live.update(self._row(elapsed))

    def end(self, outcome: str, elapsed: float) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._console.print(f"{escape(self._title)}: {outcome}, {elapsed:.1f} s", soft_wrap=True)

    def _row(self, elapsed: float) -> Table:
        row = Table.grid(padding=(0, 1))
        left = self._expected - elapsed
        share = min(elapsed / self._expected, 0.99)
        remaining = f"about {left:.0f} s left" if left > 0 else f"{-left:.0f} s longer than last time"
        bar = ProgressBar(total=1.0, completed=share, width=30)
        row.add_row(escape(self._title), bar, f"{elapsed:.0f} s", remaining)
        return row
