"""Which modules of a suite to run, and which of their tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.cells.prepare import Prepared
from harness.machine.files import read_limited
from harness.suite.batch import ModulePlan
from harness.suite.discover import module_size, test_modules
from harness.suite.request import SuiteRequest
from harness.suite.schedule import guess, shard
from matrix import json_records
from matrix.errors import UsageError, near
from matrix.limitations import CellLimitations, Expectation
from matrix.names import full_name


def requested_plans(prepared: Prepared, request: SuiteRequest, limitations: CellLimitations) -> tuple[ModulePlan, ...]:
    """The modules that a request names, or of these the ones in its shard. Raises UsageError."""
    source = prepared.source
    plans = with_expectations(chosen_plans(source, request.names), limitations)
    if request.patterns:
        plans = tuple(msgspec.structs.replace(plan, patterns=request.patterns) for plan in plans)
    index, count = request.shard
    if count == 1:
        return plans
    target = prepared.cell.build.target.id
    known = read_seconds(request.module_seconds).get(target, {}) if request.module_seconds else {}
    seconds = {plan.module: known.get(plan.module, guess(module_size(source, plan.module))) for plan in plans}
    chosen = shard(seconds, index, count)
    return tuple(plan for plan in plans if plan.module in chosen)


def chosen_plans(source: Path, names: Sequence[str]) -> tuple[ModulePlan, ...]:
    """All modules of a tree; or those that `names` names, narrowed to the classes and tests that it names.

    Raises UsageError, with the nearest matches, for a name that is in no module of the tree.
    """
    modules = test_modules(source)
    if not names:
        return tuple(ModulePlan(module=module) for module in modules)
    full = {full_name(module): module for module in modules}
    chosen: dict[str, list[str]] = {}
    for name in names:
        wanted = full_name(name)
        below = [module for key, module in full.items() if key == wanted or key.startswith(wanted + ".")]
        parent = next((p for p in _parents(wanted) if p in full), None)
        if below:
            for module in below:
                chosen[module] = []
        elif parent is not None:
            if chosen.get(full[parent]) != []:
                chosen.setdefault(full[parent], []).append(wanted)
        else:
            raise UsageError(f"there is no test module for {name!r}", hint=near(name, modules))
    return tuple(ModulePlan(module=module, match=tuple(match)) for module, match in sorted(chosen.items()))


def _parents(name: str) -> list[str]:
    """The names that contain a name, the longest first: of `test.test_a.A.test_x` `test.test_a.A`, `test.test_a`."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(len(parts) - 1, 1, -1)]


def with_expectations(plans: Sequence[ModulePlan], limitations: CellLimitations) -> tuple[ModulePlan, ...]:
    """The plans, told which tests the list of limitations says not to run, and which of the others hang."""
    skip = tuple(test.match for test in limitations.tests if not test.run)
    hangs = tuple(test.match for test in limitations.tests if test.run and test.expect is Expectation.TIMED_OUT)
    return tuple(msgspec.structs.replace(plan, skip=skip, hangs=hangs) for plan in plans)


def read_seconds(path: Path) -> dict[str, dict[str, float]]:
    """The expected seconds of each module, by target, from a file that `plan` wrote. Raises UsageError."""
    try:
        return json_records.decode(read_limited(path), dict[str, dict[str, float]])
    except (OSError, UsageError, msgspec.DecodeError) as exc:
        raise UsageError(
            f"--module-seconds {path}: {exc}", hint="`python -m harness plan --module-seconds FILE` writes it"
        ) from None
