"""The kinds of files that are kept and believed later, as data."""

from __future__ import annotations

from typing import NamedTuple

from tests.fuzz import small, whole
from tests.fuzz.small import Use


class Kind(NamedTuple):
    """Files that are damaged, and what then uses them."""

    name: str
    use: Use
    files: str
    """a glob below the directory in which `use` works"""
    causes: tuple[str, ...] = ()
    """words of which one tells the true cause; none for a file whose damage is mended, so that nobody sees it"""
    silently: bool = False
    """whether the damage may keep the file's size and date, as that of a disk does"""


SMALL = (
    Kind("an entry's files", small.entry, "entries/an-sdk/bin/*"),
    Kind("an entry's manifest", small.entry, "entries/an-sdk/.manifest.json"),
    Kind("a build's program", small.build, "builds/a-build/python.wasm", silently=True),
    Kind("a build's other products", small.build, "builds/a-build/main.o", silently=True),
    Kind("a build's stamps", small.build, "builds/a-build/.steps/*.json"),
    Kind("what a build was asked", small.build, "builds/a-build/.steps/*.asked"),
    Kind("configure's answers", small.configured, "shared"),
    Kind("compiled code", small.compiled_module, "state/compiled/*", silently=True),
    Kind("the digest of compiled code", small.compiled_module, "state/compiled-digests/*"),
    Kind("the guests' tree", small.guest_tree, "builds/a-build/guest/**/*", silently=True),
    Kind("the manifest of the guests' tree", small.guest_tree, "builds/a-build/.steps/guest.manifest"),
    Kind("a snapshot's files", small.tree, "cache/snapshots/*/tree/**/*"),
    Kind("a snapshot's list", small.tree, "cache/snapshots/*/files.json"),
    Kind("a snapshot's head", small.tree, "cache/snapshots/*/snapshot.json"),
    Kind("what a checkout was", small.tree, "cache/state/trees/*"),
    Kind("kept results", small.kept_results, "state/results/*.jsonl"),
    Kind("sources of kept results", small.kept_results, "state/results/*.json"),
    Kind("durations", small.durations, "state/durations/*"),
    Kind("events", small.events, "events.jsonl", causes=("damaged", "the guest ended", "in the middle of the module")),
)

_LOST = ("planned, but not run", "outcomes.jsonl are damaged")
_RUN = (
    ("outcomes", "out/2*/cells/*/outcomes.jsonl", _LOST),
    ("a cell's record", "out/2*/cells/*/cell.json", ("cell.json",)),
    ("what was asked for", "out/2*/run.json", ("run.json",)),
    ("a summary", "out/2*/summary.json", ("summary.json",)),
    ("what pytest collects", "out/2*/cells/*/suite.json", ("suite.json",)),
    ("facts of a build", "out/2*/cells/*/build.json", ("build.json",)),
    ("a page, JUnit or a log", "out/2*/**/*.*[lsg]", _LOST),  # outcomes.jsonl, too
    ("the history", "out/history.sqlite", ("the history",)),
)
RUN = (
    *(
        Kind(f"{name}, {use.__name__}", use, files, causes)
        for name, files, causes in _RUN
        for use in (whole.reported, whole.resumed)
    ),
    Kind("what pytest selected, reported", whole.reported, "out/2*/cells/*/selected.json", ("selected.json",)),
)
"""the files of a run; one that was resumed to its end has no `selected.json`"""
