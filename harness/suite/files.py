"""The files in a cell's directory through which a run and pytest's processes talk to each other."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.guests.settings import GuestSettings
from harness.provide.provider import Obtained
from harness.suite.schedule import Group
from matrix.conditions import Facts
from matrix.model import Runtime

SUITE = "suite.json"
"""what pytest collects: a `SuiteFile`"""
SELECTED = "selected.json"
"""the modules that pytest's options leave, as a list of names"""
OUTCOMES = "outcomes.jsonl"
"""the results, one `ModuleResult` a line (`harness.suite.results`)"""
NOT_USED = "not-used.jsonl"
"""results that were there when the run was resumed, but do not belong to it any more (`harness.suite.resumed`)"""
OWNER_VARIABLE = "HARNESS_RESULTS_OWNER"
"""the environment variable by which pytest's processes get the word that `take_over` returned"""
RUNNING = "running"
"""a directory: for each worker that has a guest, a file with the path of the guest's events"""


class SuiteFile(msgspec.Struct, frozen=True, kw_only=True):
    """The modules of one cell that pytest collects, and everything that its guests need."""

    cell: str
    facts: Facts
    store: Path
    runtime: Runtime
    obtained: Obtained
    settings: GuestSettings
    digest: str
    """of everything that determines an outcome (`harness.guests.digest`)"""
    marks: dict[str, str] = {}
    """the digest of each part of that, by the part's name"""
    earlier: dict[str, dict[str, str]] = {}
    """the same for the digests that the run had before it was resumed, by digest"""
    groups: tuple[Group, ...]
