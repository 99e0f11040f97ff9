from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machine.sealed import sealed
from harness.suite import results as file_of_results
from harness.suite.results import ResultsFile, TakenOver, append_result, read_results, take_over
from matrix.outcome import ModuleResult, Outcome, Status
from tests.unit.made import outcome, result

texts = st.text(max_size=30)
results = st.builds(
    ModuleResult,
    module=texts,
    outcomes=st.lists(
        st.builds(Outcome, test=texts, status=st.sampled_from(list(Status)), detail=texts, output=texts), max_size=3
    ).map(tuple),
    duration=st.floats(0, 1e6),
    fault=texts,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outcomes.jsonl"


def test_a_missing_file_has_no_results(path: Path) -> None:
    assert read_results(path) == {}


@given(st.lists(results, max_size=4))
def test_what_was_appended_is_read(tmp_path_factory: pytest.TempPathFactory, made: list[ModuleResult]) -> None:
    path = tmp_path_factory.mktemp("outcomes") / "outcomes.jsonl"
    for each in made:
        append_result(path, each)
    assert read_results(path) == {each.module: each for each in made}


def test_the_last_result_of_a_module_counts(path: Path) -> None:
    for status in (Status.FAILED, Status.PASSED):
        append_result(path, result(outcome(status=status)))
    assert read_results(path)["test_a"].statuses == {Status.PASSED}


def test_each_result_is_a_line(path: Path) -> None:
    append_result(path, result(outcome(detail="one\ntwo\u2028three\r\n")))
    append_result(path, result(outcome(), module="test_b"))
    assert path.read_bytes().count(b"\n") == 2


def test_half_a_last_line_is_skipped(path: Path) -> None:
    append_result(path, result(outcome()))
    whole = path.read_bytes()
    for end in range(1, len(whole)):
        path.write_bytes(whole + whole.replace(b"test_a", b"test_b")[:end])
        assert read_results(path).keys() == {"test_a"}


def test_a_line_that_is_not_a_result_is_skipped(path: Path) -> None:
    append_result(path, result(outcome()))
    with path.open("ab") as file:
        file.write(b'\xff\xfe\n{}\nnull\n{"module":"test_z","outcomes":[{"status":"happy"}],"duration":1}\n')
    append_result(path, result(outcome(), module="test_b"))
    assert read_results(path).keys() == {"test_a", "test_b"}


@given(data=st.data())
def test_a_line_that_was_changed_is_no_result(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("outcomes") / "outcomes.jsonl"
    append_result(path, result(outcome(status=Status.FAILED), module="test_b"))
    append_result(path, result(outcome()))
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(whole.index(b"\n") + 1, len(whole) - 2))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    file = ResultsFile(path)
    assert file.read().keys() == {"test_b"}
    assert file.damaged == 1 + (whole[place] == ord("\n"))


def test_a_failure_that_was_edited_into_a_success_is_no_result(path: Path) -> None:
    append_result(path, result(outcome(status=Status.FAILED)))
    path.write_bytes(path.read_bytes().replace(b"failed", b"passed"))
    assert read_results(path) == {}


def test_a_line_without_a_seal_is_no_result(path: Path) -> None:
    path.write_bytes(msgspec.json.encode(result(outcome())) + b"\n")
    assert read_results(path) == {}


def test_a_result_appended_after_half_a_line_is_read(path: Path) -> None:
    append_result(path, result(outcome()))
    path.write_bytes(path.read_bytes() + b'{"module":"test_b","outc')
    append_result(path, result(outcome(), module="test_b"))
    append_result(path, result(outcome(), module="test_c"))
    assert read_results(path).keys() == {"test_a", "test_b", "test_c"}


def test_a_file_that_grows_is_read_from_where_reading_stopped(path: Path) -> None:
    append_result(path, result(outcome()))
    file = ResultsFile(path)
    assert file.read().keys() == {"test_a"}
    path.write_bytes(path.read_bytes().replace(b"test_a", b"test_x"))
    file.append(result(outcome(), module="test_b"))
    assert file.read().keys() == {"test_a", "test_b"}


def test_half_a_line_is_read_once_it_is_whole(path: Path) -> None:
    append_result(path, result(outcome()))
    whole = path.read_bytes()
    path.write_bytes(whole[:10])
    file = ResultsFile(path)
    assert file.read() == {}
    path.write_bytes(whole)
    assert file.read().keys() == {"test_a"}


def test_workers_that_append_at_once_write_whole_lines(path: Path) -> None:
    def work(worker: int) -> None:
        for number in range(20):
            long = outcome(detail=f"{worker}" * 100_000)
            append_result(path, result(long, module=f"test_{worker}_{number}", worker=f"gw{worker}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    found = read_results(path)
    assert found.keys() == {f"test_{worker}_{number}" for worker in range(4) for number in range(20)}
    assert all(each.outcomes[0].detail == each.worker[-1] * 100_000 for each in found.values())


# --- sizes


@pytest.fixture
def short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_of_results, "LONGEST_LINE", 2000)
    monkeypatch.setattr(file_of_results, "_SHORT", 100)


@pytest.mark.usefixtures("short_lines")
def test_a_line_that_is_too_long_costs_itself(path: Path) -> None:
    append_result(path, result(outcome()))
    with path.open("ab") as file:
        file.write(b"x" * 9000 + b"\n")
    append_result(path, result(outcome(), module="test_b"))
    file_read = ResultsFile(path)
    assert file_read.read().keys() == {"test_a", "test_b"}
    assert file_read.damaged == 1


@pytest.mark.usefixtures("short_lines")
def test_a_long_line_that_is_still_written_is_left_in_the_end(path: Path) -> None:
    path.write_bytes(b"x" * 3000)
    reader = ResultsFile(path)
    assert reader.read() == {}
    with path.open("ab") as file:
        file.write(b"y" * 3000 + b"\n")
    append_result(path, result(outcome()))
    assert reader.read().keys() == {"test_a"}
    assert reader.damaged == 1


@pytest.mark.usefixtures("short_lines")
def test_a_result_that_is_too_long_keeps_its_outcomes_with_short_details(path: Path) -> None:
    append_result(path, result(outcome(detail="x" * 5000, status=Status.FAILED)))
    (read,) = read_results(path)["test_a"].outcomes
    assert (read.test, read.status) == (outcome().test, Status.FAILED)
    assert 100 < len(read.detail) < 200


@pytest.mark.usefixtures("short_lines")
def test_a_result_with_too_many_tests_is_an_error_and_not_lost(path: Path) -> None:
    append_result(path, result(*(outcome(f"test.test_a.A.test_{number}") for number in range(100))))
    (read,) = read_results(path)["test_a"].outcomes
    assert (read.test, read.status) == ("test.test_a", Status.ERRORED)
    assert "100 tests" in read.detail


def test_a_file_that_is_too_large_is_read_in_part(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("test_a", "test_b", "test_c"):
        append_result(path, result(outcome(), module=module))
    monkeypatch.setattr(file_of_results, "LARGEST_FILE", path.stat().st_size - 10)
    assert ResultsFile(path).read().keys() == {"test_a", "test_b", "test_c"}  # the last line began before the limit
    monkeypatch.setattr(file_of_results, "LARGEST_FILE", 10)
    reader = ResultsFile(path)
    assert reader.read().keys() == {"test_a"}
    assert reader.too_large


def test_a_name_of_a_module_that_is_too_long_is_no_result(path: Path) -> None:
    append_result(path, msgspec.structs.replace(result(outcome()), outcomes=()))
    line = path.read_bytes().replace(b"test_a", b"t" * 300_000)
    text = line.partition(b',"seal"')[0] + b"}"
    path.write_bytes(sealed(text) + b"\n")
    reader = ResultsFile(path)
    assert (reader.read(), reader.damaged) == ({}, 1)


def test_who_was_there_before_a_run_was_taken_over_writes_nothing_more(path: Path) -> None:
    first = take_over(path)
    append_result(path, result(outcome()), first)
    before = path.read_bytes()
    second = take_over(path)
    with pytest.raises(TakenOver, match="another process has taken over this run"):
        append_result(path, result(outcome(), module="test_b"), first)
    assert path.read_bytes() == before
    append_result(path, result(outcome(), module="test_b"), second)
    assert read_results(path).keys() == {"test_a", "test_b"}


def test_a_file_can_be_written_anew_with_some_of_its_results(path: Path) -> None:
    for module in ("test_a", "test_b"):
        append_result(path, result(outcome(), module=module))
    file = ResultsFile(path)
    file.rewrite([file.read()["test_b"]])
    append_result(path, result(outcome(), module="test_c"))
    assert file.read().keys() == read_results(path).keys() == {"test_b", "test_c"}
