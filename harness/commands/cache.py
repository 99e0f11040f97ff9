"""`cache`: what the cache holds; `cache prune`: remove what was unused longest."""

from __future__ import annotations

import argparse
import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.commands.command import Command
from harness.commands.parser import Parser
from harness.machine import upkeep
from harness.machine.store import Store
from harness.machine.units import human_age, human_size, parse_age, parse_size
from harness.machine.upkeep import CacheItem, CacheLimits
from matrix import json_records
from matrix.errors import UsageError


def add_list_options(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_prune_options(parser: Parser) -> None:
    parser.add_argument("--max-size", metavar="SIZE", help="of the whole cache: 20G, 500M, 1.5G")
    parser.add_argument("--older-than", metavar="AGE", help="remove what was not used for this long: 30d, 12h")
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed, remove nothing")


def list_cache(known: argparse.Namespace, console: Console) -> int:
    """List what the cache holds."""
    store = Store()
    items = upkeep.summed(upkeep.survey(store))
    if known.json:
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


def prune(known: argparse.Namespace, console: Console) -> int:
    """Remove what was unused longest until the limits hold. Raises UsageError without a limit."""
    if known.max_size is None and known.older_than is None:
        raise UsageError("`cache prune` needs a limit", hint="--max-size 20G, or --older-than 30d, or both")
    limits = CacheLimits(
        max_size=None if known.max_size is None else parse_size(known.max_size),
        older_than=None if known.older_than is None else parse_age(known.older_than),
    )
    store = Store()
    now = datetime.datetime.now(datetime.UTC)
    items = upkeep.survey(store)

    def remove(item: CacheItem) -> bool:
        if not (known.dry_run or upkeep.remove(store, item)):
            return False
        said = "would remove" if known.dry_run else "removed"
        name = escape(str(item.path.relative_to(store.root)))
        console.print(f"{said} {name}: {human_size(item.size)}, last use {_use(item, now)}", soft_wrap=True)
        return True

    freed = upkeep.total(upkeep.prune(items, limits, now, remove))
    left = upkeep.total(items) - freed
    said = "would be freed" if known.dry_run else "freed"
    console.print(f"{human_size(freed)} {said}, {human_size(left)} left in {escape(str(store.root))}", soft_wrap=True)
    if limits.max_size is not None and left > limits.max_size:
        console.print("this is more than --max-size: the rest is in use, or is the cache's own state", soft_wrap=True)
    return 0


def _use(item: CacheItem, now: datetime.datetime) -> str:
    return "now" if item.in_use else human_age(now - item.used)


PRUNE = Command(
    name="cache prune",
    summary="remove what was unused longest, until the limits hold",
    details="What a run is using stays. At least one limit is needed.",
    example="cache prune --max-size 20G --older-than 30d",
    add_options=add_prune_options,
    run=prune,
)
CACHE = Command(
    name="cache",
    summary="list what the cache holds, the largest first, or make it smaller",
    example="cache\ncache prune --max-size 20G",
    add_options=add_list_options,
    run=list_cache,
    subcommands=(PRUNE,),
)
