"""Which of the results that are there a resumed run goes on with, and why not with the others. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from harness.suite.batch import ModulePlan
from harness.suite.reuse import left_out_alike
from matrix.outcome import ModuleResult
from matrix.text import some_of

_NAMED = 5
"""modules that a message names"""

Marks = Mapping[str, str]
"""the digest of each part of what decides outcomes, by the part's name (`harness.guests.digest`)"""


class Resumed(NamedTuple):
    """The results of a run that is resumed."""

    results: dict[str, ModuleResult]
    """those that count, by module"""
    not_used: dict[str, tuple[str, ...]]
    """the modules of the others, by the reason"""

    @property
    def said(self) -> tuple[str, ...]:
        """One sentence for each reason."""
        return tuple(_sentence(modules, why) for why, modules in self.not_used.items())


def resumed(
    found: Mapping[str, ModuleResult],
    plans: Iterable[ModulePlan],
    digest: str,
    marks: Marks,
    known: Mapping[str, Marks],
) -> Resumed:
    """Sort the results that a run has into those that still count and those whose modules run again.

    `digest` and its `marks` are what decides the outcomes now; `known` has the marks of earlier digests.
    """
    planned = {plan.module: plan for plan in plans}
    results: dict[str, ModuleResult] = {}
    not_used: dict[str, list[str]] = defaultdict(list)
    for module, result in found.items():
        if result.digest != digest:
            not_used[_difference(marks, known.get(result.digest, {}))].append(module)
        elif result.fault:
            not_used["the harness failed to run it"].append(module)
        elif module in planned and not left_out_alike(result, planned[module].skip):
            not_used["the list of limitations keeps other tests from running now"].append(module)
        else:
            results[module] = result
    return Resumed(results, {why: tuple(modules) for why, modules in not_used.items()})


def _difference(now: Marks, before: Marks) -> str:
    changed = [part for part, mark in now.items() if before.get(part) != mark] if before else []
    return f"other: {', '.join(changed)}" if changed else "nothing says what it was made with"


def _sentence(modules: tuple[str, ...], why: str) -> str:
    names = some_of(modules, _NAMED)
    if len(modules) == 1:
        return f"1 earlier result of this run does not count, and its module runs again ({why}): {names}"
    return f"{len(modules)} earlier results of this run do not count, and their modules run again ({why}): {names}"
