"""A prepared cell with what a request changes of how upstream runs the suite: resources, seed, timeouts.

What is changed decides outcomes, so it becomes part of the digest by which results are kept.
"""

from __future__ import annotations

import msgspec

from harness.build.resources import resources
from harness.cells.prepare import Prepared
from harness.guests.digest import SETTINGS, digest_of_marks
from harness.machine.hashing import digest_of
from harness.suite.request import SuiteRequest
from matrix import json_records


def as_asked(prepared: Prepared, request: SuiteRequest) -> Prepared:
    """The cell as a request wants its guests. Raises UsageError for a resource that the tree does not have."""
    settings = prepared.settings
    if request.use:
        found = resources(request.use, prepared.source)
        if set(found) != set(settings.resources):
            settings = msgspec.structs.replace(settings, resources=found)
    if request.seed is not None:
        settings = msgspec.structs.replace(settings, seed=request.seed)
    if request.support_timeout is not None:
        settings = msgspec.structs.replace(settings, timeout=request.support_timeout)
    if request.fail_env_changed:
        settings = msgspec.structs.replace(settings, fail_env_changed=True)
    if settings == prepared.settings:
        return prepared
    changed = (settings.resources, settings.seed, settings.timeout, settings.fail_env_changed)
    marks = prepared.marks | {
        SETTINGS: digest_of(prepared.marks.get(SETTINGS, ""), json_records.encode(changed).decode())
    }
    return msgspec.structs.replace(prepared, settings=settings, digest=digest_of_marks(marks), marks=marks)
