from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from harness.cells.sets import cells_of_set
from harness.runs.ci import Jobs, as_github, as_gitlab, as_json, build_key, jobs_of
from matrix.conditions import Condition
from matrix.errors import UsageError
from matrix.resolve import ResolvedCell
from matrix.rules import AllowedToFail

CELLS = cells_of_set("default")


def jobs(seconds: dict[str, dict[str, float]] | None = None, shard_seconds: float = 600.0) -> Jobs:
    return jobs_of(CELLS, seconds or {}, shard_seconds)


def test_each_build_is_one_job() -> None:
    assert [job.name for job in jobs().builds] == list(dict.fromkeys(cell.build.id for cell in CELLS))


def test_every_shard_has_its_build() -> None:
    found = jobs()
    assert {job.key for job in found.shards} <= {job.key for job in found.builds}


def test_a_cell_whose_build_is_known_to_fail_has_no_shard() -> None:
    failing = {cell.id for cell in CELLS if cell.expected_failure}
    assert failing
    assert {job.cell for job in jobs().shards} == {cell.id for cell in CELLS} - failing


def test_long_suites_are_split_by_how_long_they_took() -> None:
    found = jobs({"wasi": {"test_a": 700.0, "test_b": 600.0}, "node": {"test_a": 50.0}})
    wasi = [job for job in found.shards if job.cell.endswith("cpython-3.13.5_wasmtime-50.0.1") and "sdk-24" in job.cell]
    assert [(job.shard, job.seconds) for job in wasi] == [("1/3", 433.3), ("2/3", 433.3), ("3/3", 433.3)]
    assert [job.shard for job in found.shards if "node-22" in job.cell] == ["1/1"]


NODE: ResolvedCell = next(cell for cell in CELLS if cell.build.target.id == "node")
BUILD = NODE.build


@pytest.mark.parametrize(
    "change",
    [
        {"build": replace(BUILD, debug=True)},
        {"build": replace(BUILD, cpython=replace(BUILD.cpython, version="3.11.3"))},
        {"build": replace(BUILD, sdk=replace(BUILD.sdk, composed_emscripten=None))},
        {"series": replace(NODE.series, cflags=("-O3",))},
        {"repairs": ()},
        {"node": replace(NODE.runtime, version="21.0.0")},
        {"ports": ()},
    ],
)
def test_a_key_says_what_a_build_is_made_from(change: dict[str, Any]) -> None:
    assert build_key(replace(NODE), "") == build_key(NODE, "")
    assert build_key(replace(NODE, **change), "") != build_key(NODE, "")


def test_how_a_cell_is_run_is_not_in_the_key_of_its_build() -> None:
    changed = replace(NODE, runtime_flags=("--flag",), allowance=AllowedToFail(when=Condition(), reason="because"))
    assert build_key(changed, "") == build_key(NODE, "")


def test_the_code_is_in_the_key() -> None:
    assert build_key(NODE, "other code") != build_key(NODE, "")


def test_the_outputs_for_github_are_lines_of_json() -> None:
    found = jobs()
    lines = dict(line.split("=", 1) for line in as_github(found).splitlines())
    assert [row["cell"] for row in json.loads(lines["shards"])] == [job.cell for job in found.shards]
    assert len(json.loads(lines["builds"])) == len(found.builds)


def test_the_pipeline_for_gitlab_has_every_job() -> None:
    found = jobs()
    pipeline = json.loads(as_gitlab(found))
    assert {f"build {job.name}" for job in found.builds} < set(pipeline)
    for job in found.shards:
        made = pipeline[f"test {job.name}"]
        assert all(need in pipeline for need in made["needs"])
        assert made["cache"]["key"] == job.key


def test_the_plan_as_json_names_its_schema() -> None:
    assert json.loads(as_json(jobs()))["schema"] == 1


def test_an_unknown_set_is_refused_with_near_misses() -> None:
    with pytest.raises(UsageError, match=r"there is no set 'defalt'.*\n.*default"):
        cells_of_set("defalt")
