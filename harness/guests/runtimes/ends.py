"""How guests end: under wasmtime, in an engine of JavaScript, and as the row of a command says."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.machine.process import describe_exit
from matrix.commands import Ending

TRAPPED = 134
"""exit status after a trap: of wasmtime's CLI, and so of the other commands of this project"""
FAULT = 125
"""exit status of the harness's own scripts when they cannot start a guest"""
TAB_CRASHED, TAB_CLOSED, BROWSER_ENDED = "the tab crashed", "the tab was closed", "the browser ended with "
"""what the last line of the output says of a guest in a browser; an exit status comes after the last of them"""

_JAVASCRIPT_ENDS = (
    (
        r"RangeError: Maximum call stack size exceeded|^(InternalError: )?too much recursion",
        "JavaScript's stack overflowed",
    ),
    (r"RuntimeError: (memory access|index) out of bounds", "a trap: memory access out of bounds"),
    (r"RuntimeError: unreachable", "a trap: unreachable code was reached"),
    (
        r"RuntimeError: (null function|function signature mismatch|indirect call (to null|signature mismatch)"
        r"|table index (is )?out of bounds)",
        "a trap: a bad call",
    ),
    (
        r"RuntimeError: ((integer )?divide by zero|remainder by zero|divide result unrepresentable|integer overflow"
        r"|float unrepresentable|invalid conversion to integer)",
        "a trap: bad arithmetic",
    ),
    (r"Aborted\(OOM\)|Cannot enlarge memory|JavaScript heap out of memory|Out of memory", "it ran out of memory"),
    (r"^(RuntimeError: )?(Aborted|abort)\(", "an abort"),
)
"""what V8, SpiderMonkey and Emscripten print when a guest ends, and what it means; the first that is found counts"""
LAST = 20_000
"""characters of output in which to look"""


def describe_wasmtime_end(code: int) -> str:
    """How a guest of wasmtime ended, from its exit status."""
    return "the guest ended with " + ("a trap or an abort" if code == TRAPPED else describe_exit(code))


def describe_javascript_end(output: str) -> str:
    """How a guest in V8 or SpiderMonkey ended, from the end of its output; "" when the output does not tell."""
    for pattern, meaning in _JAVASCRIPT_ENDS:
        if re.search(pattern, output[-LAST:], re.MULTILINE):
            return f"the guest ended with {meaning}"
    return ""


def describe_browser_end(output: str) -> str:
    """How the browser or the tab of a guest ended, from the last line of its output; "" when it does not tell."""
    last = output.rstrip("\n").rpartition("\n")[2]
    return last if last in (TAB_CRASHED, TAB_CLOSED) or last.startswith(BROWSER_ENDED) else ""


def describe_known_end(ends: Iterable[Ending], code: int, output: str) -> str:
    """How a guest ended by the first ending that fits its exit status and output; "" when none does."""
    for end in ends:
        fits = end.status is None or end.status == code
        if fits and re.search(end.output, output[-LAST:], re.MULTILINE):
            return f"the guest ended with {end.means}"
    return ""
