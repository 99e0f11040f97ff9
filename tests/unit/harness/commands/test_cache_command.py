"""`cache` lists what is stored and prunes it."""

from __future__ import annotations

import datetime
import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from harness.commands.cache import CACHE
from harness.machine import upkeep
from harness.machine.store import Store
from harness.machine.units import human_size
from harness.machine.upkeep import disk_usage, survey
from matrix.errors import UsageError
from tests.unit.stored import put

DAY = datetime.timedelta(days=1)
LONG_AGO = 1_000_000_000


# --- the command


def said(*words: str) -> str:
    """What `python -m harness cache` prints."""
    console = Console(file=io.StringIO(), width=160)
    assert CACHE.execute(words, console) == 0
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_command_lists_items_and_the_total(store: Store, sdk: Path) -> None:
    put(store, "builds/wasi_[red]build/python.wasm")
    store.use(sdk)
    lines = [line.split() for line in said().splitlines()]
    assert lines[0] == ["kind", "name", "size", "last", "use", "provider"]
    assert ["entry", "sdk", human_size(disk_usage(sdk)), "now", "a", "provider"] in lines
    assert ["build", "wasi_[red]build", human_size(disk_usage(store.root / "builds/wasi_[red]build"))] in [
        line[:3] for line in lines
    ]
    assert lines[-1] == [human_size(upkeep.total(survey(store))), "in", "all,", "in", str(store.root)]


def test_the_list_as_json(store: Store, sdk: Path) -> None:
    store.use(sdk)
    document = json.loads(said("--json"))
    assert document["root"] == str(store.root)
    assert document["total"] == sum(row["size"] for row in document["items"])
    (entry,) = (row for row in document["items"] if row["kind"] == "entry")
    used = datetime.datetime.fromisoformat(entry.pop("used"))
    assert abs(datetime.datetime.now(datetime.UTC) - used) < 10 * DAY
    assert entry == {
        "kind": "entry",
        "name": "sdk",
        "path": str(sdk),
        "size": disk_usage(sdk),
        "in_use": True,
        "provider": "a provider",
        "count": 1,
    }


def test_pruning_removes_what_is_old(store: Store, sdk: Path) -> None:
    young = put(store, "builds/young/python.wasm").parent
    os.utime(store.root / "locks/entries-sdk.use", (LONG_AGO, LONG_AGO))
    size = human_size(disk_usage(sdk))
    text = said("prune", "--older-than", "30d")
    assert f"removed entries/sdk: {size}, last use " in text
    assert f"\n{size} freed, " in text
    assert not sdk.exists()
    assert young.exists()


def test_a_dry_run_removes_nothing(store: Store, sdk: Path) -> None:
    put(store, "entries/.sdk-abc/clang")
    text = said("prune", "--max-size", "0K", "--dry-run")
    assert text.startswith("would remove entries/.sdk-abc: ")
    assert "would remove entries/sdk: " in text
    assert " would be freed, " in text
    assert store.manifest("sdk") is not None
    assert (store.root / "entries/.sdk-abc/clang").exists()


def test_a_limit_that_cannot_hold_is_said(store: Store, sdk: Path) -> None:
    store.use(sdk)
    text = said("prune", "--max-size", "0K")
    assert "this is more than --max-size: the rest is in use, or is the cache's own state" in text
    assert store.manifest("sdk") is not None
    assert "more than" not in said("prune", "--max-size", "1T")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prune"], "`cache prune` needs a limit"),
        (["prune", "--dry-run"], "--max-size 20G, or --older-than 30d, or both"),
        (["prune", "--max-size", "much"], "'much' is not a size"),
        (["prune", "--max-size", "-1G"], "expected one argument"),
        (["prune", "--older-than", "much"], "'much' is not an age"),
        (["prune", "--max", "1G"], "`cache prune` has no option '--max'\n  -> did you mean --max-size"),
        (["--max-size", "1G"], "`cache` has no option '--max-size'\n  -> python -m harness cache --help"),
        (["purge"], "`cache` has no subcommand 'purge'\n  -> did you mean prune?"),
    ],
)
def test_mistakes_are_usage_errors_and_remove_nothing(store: Store, sdk: Path, words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        said(*words)
    assert message in str(caught.value)
    assert store.manifest("sdk") is not None
