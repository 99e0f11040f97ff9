"""What is new in a run since the one before it: collects it from the history and from that run's summary."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.runs.observed import read_summary
from matrix.errors import UsageError
from reports.changes import ChangeKind
from reports.chosen import Chosen
from reports.history import History
from reports.news import PARTS, CauseNews, News, news_of, part_changes, thing
from reports.page import THE_CELL, Changed
from reports.summary import Summary
from reports.triage import since

_MOST_DATED = 30
"""causes whose beginning is looked up: a reader does not look at more"""


def news_since(summary: Summary, out: Path, chosen: Chosen, changes: list[Changed], history: History) -> News:
    """What is new in a run since the earlier one that `chosen` pairs with it; `changes` are those between both.

    Where the directory of the earlier run is gone, a red test is new when its outcome changed.
    """
    before = chosen.pairs[0][0].run
    try:
        earlier = read_summary(out / before)
    except UsageError:
        changed = {(one.cell, one.test) for one in changes}
        red = {thing(row) for row in summary.unexpected if (row.cell, row.test) not in changed}
        whole = {}
    else:
        red = {thing(row) for row in earlier.unexpected}
        whole = {
            "list of limitations": (earlier.limitations, summary.limitations),
            "harness": (earlier.harness, summary.harness),
        }
    tested = [cell for cell, _ in chosen.pairs if cell.tested]
    used = {one.cell: {PARTS[part]: said for part, said in one.used.items()} for one in tested}
    news = news_of(
        summary,
        before,
        red_before=red,
        parts=part_changes(summary.cells, used, whole),
        passing=[(one.test, one.cell) for one in changes if one.kind is ChangeKind.PASSING and one.test != THE_CELL],
        tested_before={one.cell for one in tested},
    )
    dated = [_dated(cause, history) for cause in news.causes[:_MOST_DATED]]
    return msgspec.structs.replace(news, causes=(*dated, *news.causes[_MOST_DATED:]))


def _dated(cause: CauseNews, history: History) -> CauseNews:
    """A cause that is not new with the run since which it is red."""
    row = cause.first
    if cause.new or not (row.test and row.outcome):
        return cause
    seen = sorted((one.started, one.run, one.outcome) for one in history.seen(row.test, cells=(row.cell,)))
    return msgspec.structs.replace(cause, since=since([(run, outcome) for _, run, outcome in seen], row.outcome))
