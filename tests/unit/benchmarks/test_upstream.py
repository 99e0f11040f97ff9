"""What the benchmarks read in what regrtest prints."""

from __future__ import annotations

from pathlib import Path

from benchmarks.compare import seconds_in_tests
from benchmarks.upstream import failed_after

PRINTED = """\
0:00:00 load avg: 1.20 Run 480 tests in parallel using 2 worker processes
0:00:03 load avg: 1.20 [  1/480] test_csv_of_others failed (1 failure)
0:01:02 load avg: 2.01 [ 57/480] test_csv passed
1:02:03 load avg: 2.01 [ 58/480/1] test_csv failed (1 failure)
test_csv failed
"""


def test_the_first_failure_of_a_module_is_found() -> None:
    assert failed_after(PRINTED, "test_csv") == 3723.0
    assert failed_after(PRINTED, "test_csv_of_others") == 3.0
    assert failed_after(PRINTED, "test_json") is None


def test_the_tests_own_time_is_added_up(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(
        '<testsuites><testsuite time="9"><testcase name="a" time="1.5"/><testcase name="b" time="0.25"/>'
        "<testcase name='c'/></testsuite></testsuites>"
    )
    assert seconds_in_tests(junit) == 1.75
