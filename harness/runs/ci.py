"""A set of cells as jobs for many machines: builds, and shards of suites. Pure, but for hashing the code that builds.

A build's key is the digest of everything that the build is made from, so that it can name an entry in the cache of a
CI server: the pins of its parts, how upstream builds the series, the flags of the matrix, and the harness's own code
that builds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import msgspec

from harness.machine.code import code_digest
from harness.machine.hashing import digest_of
from matrix import json_records
from matrix.resolve import ResolvedCell

BUILD_CODE = ("harness/build", "harness/provide")
"""the code that decides what a build is: how its parts are obtained and how it is made"""
_SECONDS = 400.0
"""how long a suite is expected to take when it never ran here"""


class BuildJob(msgspec.Struct, frozen=True, kw_only=True):
    """A build, which is made once."""

    name: str
    cell: str
    """the id of one of the cells that need it"""
    key: str
    """names its cache entry"""


class ShardJob(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a cell's suite."""

    name: str
    cell: str
    shard: str
    """such as 2/3"""
    key: str
    """that of its build"""
    seconds: float
    """how long it is expected to take"""


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """All jobs of a set. A shard needs its build."""

    schema: int = 1
    builds: tuple[BuildJob, ...]
    shards: tuple[ShardJob, ...]


def jobs_of(cells: Sequence[ResolvedCell], seconds: Mapping[str, Mapping[str, float]], shard_seconds: float) -> Jobs:
    """The jobs of some cells, with shards of at most about `shard_seconds`.

    `seconds` is how long modules took, by target and module. Cells whose build is known to fail have no shards.
    """
    code = code_digest(BUILD_CODE)
    keys = {cell.build.id: build_key(cell, code) for cell in cells}
    first: dict[str, ResolvedCell] = {}
    for cell in cells:
        first.setdefault(cell.build.id, cell)
    shards = []
    for cell in cells:
        if cell.expected_failure is not None:
            continue
        expected = sum(seconds.get(cell.build.target.id, {}).values()) or _SECONDS
        count = max(1, math.ceil(expected / shard_seconds))
        shards += [
            ShardJob(
                name=f"{cell.id}-{number}of{count}",
                cell=cell.id,
                shard=f"{number}/{count}",
                key=keys[cell.build.id],
                seconds=round(expected / count, 1),
            )
            for number in range(1, count + 1)
        ]
    return Jobs(
        builds=tuple(BuildJob(name=name, cell=cell.id, key=keys[name]) for name, cell in first.items()),
        shards=tuple(shards),
    )


def build_key(cell: ResolvedCell, code: str) -> str:
    """The digest of everything that a build is made from, as far as it is known before provisioning."""
    parts: list[object] = [cell.build, cell.series, cell.repairs]
    if cell.node is not None:
        parts += [cell.node, cell.ports]
    if cell.libraries:
        parts.append(cell.libraries)
    return digest_of(*(repr(part) for part in parts), code)[:16]


def as_json(jobs: Jobs) -> str:
    return json_records.indented(jobs).decode()


def as_github(jobs: Jobs) -> str:
    """Two outputs of a job for GitHub Actions; `fromJSON` makes each the `include` of a matrix."""
    rows = {"builds": jobs.builds, "shards": jobs.shards}
    return "".join(f"{name}={json_records.encode(row).decode().strip()}\n" for name, row in rows.items())


def as_gitlab(jobs: Jobs) -> str:
    """A child pipeline for GitLab (JSON is YAML): builds, shards, and a report of them all."""
    harness = "python3 -m harness"
    install = ["python3 -m pip install --quiet nox msgspec packaging", "python3 -m nox -s cells --install-only"]
    pipeline: dict[str, object] = {
        "stages": ["build", "test", "report"],
        "variables": {"CPYTHON_WASM_CACHE": "$CI_PROJECT_DIR/.cache"},
        "default": {"before_script": [*install, ". .nox/cells/bin/activate"]},
    }
    for build in jobs.builds:
        pipeline[f"build {build.name}"] = {
            "stage": "build",
            "script": [f"{harness} build --cell {build.cell}"],
            "cache": {"key": build.key, "paths": [".cache"]},
        }
    names = {job.key: job.name for job in jobs.builds}
    for job in jobs.shards:
        pipeline[f"test {job.name}"] = {
            "stage": "test",
            "needs": [f"build {names[job.key]}"],
            "script": [f"{harness} test --cell {job.cell} --shard {job.shard}"],
            "cache": {"key": job.key, "paths": [".cache"], "policy": "pull"},
            "artifacts": {"when": "always", "paths": ["reports/out/"]},
        }
    pipeline["report"] = {
        "stage": "report",
        "when": "always",
        "script": [f"{harness} report reports/out/2*"],
        "artifacts": {"when": "always", "paths": ["reports/out/"]},
    }
    return json.dumps(pipeline, indent=2) + "\n"


FORMATS = {"json": as_json, "github": as_github, "gitlab": as_gitlab}
