"""`triage bisect --axis commit` on a repository made here: real git, and builds that are only pretended."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.cells.prepare import Preparer
from harness.commands.triage import bisect_commits
from harness.commands.triage.main import TRIAGE
from harness.machine.store import VARIABLE
from harness.provide.provider import Obtained
from matrix.errors import BuildFailed, UsageError
from matrix.outcome import Status
from tests.integration.checkouts import checkout, commit, git, put, state

pytestmark = pytest.mark.integration


class History:
    """A checkout with one commit for each letter: p passes, f fails, b does not build, n has no such test."""

    def __init__(self, tree: Path, outcomes: str) -> None:
        self.tree = checkout(tree)
        self.commits = []
        for number, outcome in enumerate(outcomes):
            put(tree, "outcome", f"{outcome}{number}")
            self.commits.append(commit(tree, f"change {number}"))
        self.looked: list[int] = []
        self.interrupt_after = 99

    def observed(self, found: str) -> Status | None:
        outcome, number = found[0], int(found[1:])
        if len(self.looked) >= self.interrupt_after:
            raise KeyboardInterrupt
        self.looked.append(number)
        if outcome == "b":
            raise BuildFailed("step make failed\nand more", step="make", output="")
        return {"p": Status.PASSED, "f": Status.FAILED, "n": None}[outcome]

    def bisect(self, *words: str) -> tuple[int, str]:
        file = io.StringIO()
        said = Console(file=file, width=200, highlight=False)
        more = ("test_bool", "--axis", "commit", "--cpython", str(self.tree))
        return TRIAGE.execute(["bisect", *more, *words], said), file.getvalue()

    def bisect_all(self) -> tuple[int, str]:
        return self.bisect("--first", self.commits[0], "--last", self.commits[-1])


@pytest.fixture(autouse=True)
def pretended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No SDK is obtained and nothing is built; what is kept goes to a cache of this test."""
    nothing = Obtained(path=tmp_path, provider="none", detail="", digest="d")
    monkeypatch.setattr(Preparer, "provide", lambda self, cell, item: nothing)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> History:
    made = History(tmp_path / "tree", request.param)
    monkeypatch.setattr(
        bisect_commits._Search,
        "_observed",
        lambda self, commit: made.observed(git(made.tree, "show", f"{commit}:outcome")),
    )
    return made


@pytest.mark.parametrize("history", ["p" * 11 + "f" * 6], indirect=True)
def test_the_commit_is_named_after_few_steps_and_the_checkout_stays_as_it_is(history: History) -> None:
    before = state(history.tree)
    status, text = history.bisect_all()
    assert status == 0
    assert f"16 commits after {history.commits[0][:10]} up to {history.commits[-1][:10]}; about 6 steps" in text
    assert len(history.looked) <= 6
    assert history.looked[:2] == [0, 16]
    date = git(history.tree, "show", "--no-patch", "--format=%as", "HEAD").strip()
    assert "the first commit at which it is failed, and no longer passed:" in text
    assert f"  {history.commits[11][:10]}  {date}  change 11\n" in text
    assert f"  {history.commits[10][:10]}  {date}  change 10  is the last one before it" in text
    assert "change 16: failed (0 s)" in text
    assert "about 4 more steps; the last one took 0 s" in text
    assert state(history.tree) == before


@pytest.mark.parametrize("history", ["pppppbnbfffff"], indirect=True)
def test_commits_that_cannot_be_tested_are_skipped_and_named(history: History) -> None:
    status, text = history.bisect_all()
    assert status == 0
    assert "change 5: skipped, since it cannot be tested: step make failed (0 s)" in text
    assert "or one of these 3 between them, which cannot be told apart from it:" in text
    assert "change 6: no such test runs there" in text


@pytest.mark.parametrize("history", ["pp" + "b" * 20 + "pffffffffff"], indirect=True)
def test_a_long_row_that_does_not_build_is_left_soon(history: History) -> None:
    _, text = history.bisect_all()
    assert "change 23\n" in text
    assert sum(2 <= number < 22 for number in history.looked) <= 6


@pytest.mark.parametrize("history", ["ppppfff"], indirect=True)
def test_a_search_that_was_interrupted_goes_on_with_what_it_knows(history: History) -> None:
    history.interrupt_after = 3
    with pytest.raises(KeyboardInterrupt):
        history.bisect_all()
    before = list(history.looked)
    history.interrupt_after = 99
    status, text = history.bisect_all()
    assert status == 0
    assert len(before) == 3
    assert len(history.looked) == len(set(history.looked))
    assert text.count("(seen before)") == 3
    assert "steps of 0 s each (the median of earlier ones)" in text


@pytest.mark.parametrize("history", ["pfp"], indirect=True)
def test_ends_that_do_not_differ_are_said(history: History) -> None:
    status, text = history.bisect_all()
    assert (status, history.looked) == (1, [0, 2])
    assert "there is no change to search for" in text


@pytest.mark.parametrize("history", ["npf", "bpf"], indirect=True)
def test_an_end_that_cannot_be_tested_is_an_error(history: History) -> None:
    with pytest.raises((UsageError, BuildFailed), match=r"no such test runs there|step make failed"):
        history.bisect_all()


@pytest.mark.parametrize("history", ["pf"], indirect=True)
def test_what_cannot_be_searched_is_refused(history: History) -> None:
    good, bad = history.commits
    for words, message in (
        ((), "needs --first GOOD"),
        (("--first", bad, "--last", good), "comes after"),
        (("--first", good, "--last", good), "are the same commit"),
        (("--first", "gone"), "has no commit 'gone'"),
        (("--first", good, "--cpython", str(history.tree)), "needs --cpython PATH"),
    ):
        with pytest.raises(UsageError, match=message):
            history.bisect(*words)
    git(history.tree, "checkout", "--quiet", "-b", "side", f"{good}~1")
    side = commit(history.tree, "aside")
    with pytest.raises(UsageError, match="is not in the history") as raised:
        history.bisect("--first", side, "--last", "main")
    assert git(history.tree, "merge-base", side, "main")[:10] in str(raised.value)
