"""A few cases of the fuzzer, always the same: `python -m tests.fuzz` runs any number of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.store import VARIABLE
from tests.fuzz.cases import damage_case
from tests.fuzz.edits import EDITS, Edit, edit_case
from tests.fuzz.judge import GOOD
from tests.fuzz.kills import VICTIMS, Victim, kill_case
from tests.fuzz.kinds import RUN, SMALL, Kind
from tests.fuzz.tabs import VICTIMS as PARTS
from tests.fuzz.tabs import tabs_case
from tests.integration.conftest import real_store


@pytest.fixture(autouse=True)
def builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real runs use the builds that the other integration tests made."""
    monkeypatch.setenv(VARIABLE, str(real_store().root))


@pytest.mark.parametrize("kind", SMALL, ids=lambda kind: kind.name)
def test_what_is_kept_is_mended_or_refused_after_damage(tmp_path: Path, kind: Kind) -> None:
    for seed in range(12):
        place = tmp_path / str(seed)
        place.mkdir()
        one = damage_case(seed, [kind], place)
        assert one.finding in GOOD, f"{one}\n{one.said}"


@pytest.mark.parametrize("kind", RUN, ids=lambda kind: kind.name)
def test_a_run_is_equal_red_or_refused_after_damage(tmp_path: Path, kind: Kind) -> None:
    one = damage_case(1, [kind], tmp_path)
    assert one.finding in GOOD, f"{one}\n{one.said}"


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_what_stands_after_an_edit_has_the_same_outcomes(edit: Edit) -> None:
    one = edit_case(1, [edit])
    assert one.finding in GOOD, f"{one}\n{one.said}"


@pytest.mark.parametrize("victim", VICTIMS, ids=lambda victim: victim.name)
def test_a_run_is_resumed_to_the_same_end_after_a_kill(tmp_path: Path, victim: Victim) -> None:
    one = kill_case(1, [victim], tmp_path)
    assert one.finding in GOOD, f"{one}\n{one.said}"


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_run_whose_tabs_are_killed_names_the_right_tests_and_is_complete(
    request: pytest.FixtureRequest, tmp_path: Path, browser: str
) -> None:
    request.getfixturevalue(browser)
    one = tabs_case(1, browser, PARTS, tmp_path)
    assert one.finding in GOOD, f"{one}\n{one.said}"
