"""`--watch`: run again after each edit of a tree."""

from __future__ import annotations

from collections.abc import Callable

from matrix.errors import MatrixError

INTERRUPTED = 130


def watched(
    once: Callable[[], int],
    look: Callable[[], object],
    *,
    pause: Callable[[], None],
    say: Callable[[str], None],
) -> int:
    """Call `once`, which returns an exit status, again and again: whenever what `look` returns has changed.

    `pause` waits a moment between two looks; Ctrl-C there ends it, as it does in a run. An error that is foreseen is
    shown, and the next edit is waited for. Returns the last exit status.
    """
    while True:
        seen = look()
        try:
            status = once()
        except MatrixError as exc:
            say(f"error: {exc}")
            status = exc.exit_status
        if status == INTERRUPTED:
            return status
        say("waiting for the next edit; Ctrl-C ends")
        try:
            while (now := look()) == seen:
                pause()
            while (later := look()) != now:  # an editor or git is still writing
                now = later
                pause()
        except KeyboardInterrupt:
            return status
