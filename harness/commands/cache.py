"""`cache`: lists what the cache holds; `cache prune` removes what was not used for longest."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.commands.cli import Parser
from harness.machine import upkeep
from harness.machine.store import Store
from harness.machine.upkeep import Item, Limits, human_age, human_size
from matrix import json_records
from matrix.errors import UsageError

_NAME = "python -m harness cache"
_PRUNE = "prune"


def cache(argv: Sequence[str], console: Console) -> int:
    """List what the cache holds, or prune it. Raises UsageError."""
    if argv and argv[0] == _PRUNE:
        return _prune(argv[1:], console)
    return _list(argv, console)


def _list(argv: Sequence[str], console: Console) -> int:
    parser = Parser(
        prog=_NAME,
        description="List what the cache holds, the largest first.",
        epilog=f"`{_NAME} {_PRUNE} --help` says how to make it smaller.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(list(argv))
    store = Store()
    items = upkeep.summed(upkeep.survey(store))
    if arguments.json:
        document = {"root": store.root, "total": upkeep.total(items), "items": items}
        console.file.write(json_records.indented(document).decode())
        return 0
    now = datetime.datetime.now(datetime.UTC)
    table = Table(box=None, pad_edge=False)
    table.add_column("kind")
    table.add_column("name", overflow="fold")
    table.add_column("size", justify="right")
    table.add_column("last use")
    table.add_column("provider")
    for item in items:
        name = item.name or f"({item.count})"
        table.add_row(item.kind.value, escape(name), human_size(item.size), _use(item, now), escape(item.provider))
    console.print(table)
    console.print(f"\n{human_size(upkeep.total(items))} in all, in {escape(str(store.root))}", soft_wrap=True)
    return 0


def _prune(argv: Sequence[str], console: Console) -> int:
    limits, dry_run = _limits(argv)
    store = Store()
    now = datetime.datetime.now(datetime.UTC)
    items = upkeep.survey(store)

    def remove(item: Item) -> bool:
        if not (dry_run or upkeep.remove(store, item)):
            return False
        said = "would remove" if dry_run else "removed"
        name = escape(str(item.path.relative_to(store.root)))
        console.print(f"{said} {name}: {human_size(item.size)}, last use {_use(item, now)}", soft_wrap=True)
        return True

    freed = upkeep.total(upkeep.prune(items, limits, now, remove))
    left = upkeep.total(items) - freed
    said = "would be freed" if dry_run else "freed"
    console.print(f"{human_size(freed)} {said}, {human_size(left)} left in {escape(str(store.root))}", soft_wrap=True)
    if limits.max_size is not None and left > limits.max_size:
        console.print("that is more than it was to be: the rest is in use, or the cache's own state", soft_wrap=True)
    return 0


def _limits(argv: Sequence[str]) -> tuple[Limits, bool]:
    """The limits that were asked for, and whether nothing is to be removed."""
    parser = Parser(
        prog=f"{_NAME} {_PRUNE}",
        description="Remove what was not used for longest, until the limits hold. What a run is using stays.",
        allow_abbrev=False,
    )
    parser.add_argument("--max-size", metavar="SIZE", help="that all of the cache may take: 20G, 500M, 1.5G")
    parser.add_argument("--older-than", metavar="AGE", help="what was not used for longer goes: 30d, 12h")
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    arguments = parser.parse_args(list(argv))
    if arguments.max_size is None and arguments.older_than is None:
        raise UsageError(f"`cache {_PRUNE}` takes a limit", hint="--max-size 20G, or --older-than 30d, or both")
    limits = Limits(
        max_size=None if arguments.max_size is None else upkeep.size_of(arguments.max_size),
        older_than=None if arguments.older_than is None else upkeep.age_of(arguments.older_than),
    )
    return limits, arguments.dry_run


def _use(item: Item, now: datetime.datetime) -> str:
    return "now" if item.in_use else human_age(now - item.used)
