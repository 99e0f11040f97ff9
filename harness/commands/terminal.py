"""What commands show: a console that no text can steer, messages, and the progress of a build."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.table import Table

from harness.cells.prepare import PrepareOptions, Preparer
from harness.machine.store import Store
from matrix.errors import UsageError
from matrix.text import visible


class SafeConsole(Console):
    """rich's console, for any text: what a reader cannot see is printed as escapes, and nothing steers the terminal.

    That is so also where a caller forgot `reports.safe_text`, such as for the name of a file or the output of a tool.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of an object, as rich prints them."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class TerminalWatcher:
    """Shows a build: a bar for each running step on a terminal, elsewhere a line when a step begins and when it ends.

    A bar advances by how long the step took last time, and waits at the end when it takes longer.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._running: list[_Bar] = []
        self._live: Live | None = None

    def begin(self, title: str, expected: float) -> _Bar:
        bar = _Bar(self, title, max(expected, 0.1))
        if self._console.is_terminal:
            with self._lock:
                self._running.append(bar)
                self._draw()
        elif expected > 2:
            self._console.print(f"{escape(title)} ... (about {expected:.0f} s)", soft_wrap=True)
        return bar

    @property
    def running(self) -> tuple[_Bar, ...]:
        """The bars that a terminal shows."""
        return tuple(self._running)

    def show(self) -> None:
        """Draw the bars anew."""
        if self._console.is_terminal:
            with self._lock:
                self._draw()

    def remove(self, bar: _Bar, line: str) -> None:
        """Replace a bar by a line."""
        with self._lock:
            if bar in self._running:
                self._running.remove(bar)
                self._draw()
            self._console.print(escape(line), soft_wrap=True)

    def _draw(self) -> None:
        if not self._running:
            if self._live is not None:
                self._live.stop()
            self._live = None
            return
        rows = Table.grid(padding=(0, 1))
        for bar in self._running:
            rows.add_row(*bar.cells())
        if self._live is None:
            self._live = Live(rows, console=self._console, transient=True, refresh_per_second=4)
            self._live.start()
        else:
            self._live.update(rows)


class _Bar:
    """Shows one step."""

    def __init__(self, watcher: TerminalWatcher, title: str, expected: float) -> None:
        self._watcher = watcher
        self._title = title
        self._expected = expected
        self._elapsed = 0.0

    def tick(self, elapsed: float) -> None:
        self._elapsed = elapsed
        self._watcher.show()

    def end(self, outcome: str, elapsed: float) -> None:
        self._watcher.remove(self, f"{self._title}: {outcome}, {elapsed:.1f} s")

    def cells(self) -> tuple[str, ProgressBar, str, str]:
        """The columns of its row."""
        left = self._expected - self._elapsed
        remaining = f"about {left:.0f} s left" if left > 0 else f"{-left:.0f} s longer than last time"
        bar = ProgressBar(total=1.0, completed=min(self._elapsed / self._expected, 0.99), width=30)
        return escape(self._title), bar, f"{self._elapsed:.0f} s", remaining


def say_to(console: Console) -> Callable[[str], None]:
    """A function that prints one message, whole and without markup."""

    def say(message: str) -> None:
        console.print(escape(message), soft_wrap=True)

    return say


def preparer_for(store: Store, options: PrepareOptions, console: Console) -> Preparer:
    """A preparer that shows on the terminal what it does. Raises UsageError for a build Python that does not exist."""
    python = options.build_python
    if python is not None and not python.is_file():
        raise UsageError(f"--build-python {python} is not a file", hint="name a native Python of the same X.Y")
    return Preparer(store, options, TerminalWatcher(console), say_to(console))
