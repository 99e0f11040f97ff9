"""The files around the code agree with it: pins, workflows, issue forms, changelog, CONTRIBUTING."""

from __future__ import annotations

import datetime
import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from matrix.load import load
from matrix.outcome import Status

TOP = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
WORKFLOWS = sorted((TOP / ".github/workflows").glob("*.yml"))
WITH_PINS = [TOP / ".ci/run", TOP / ".pre-commit-config.yaml", *WORKFLOWS]
CHANGELOG = (TOP / "CHANGELOG.md").read_text("utf-8")


def read(path: str) -> str:
    return (TOP / path).read_text("utf-8")


def requirements() -> list[Requirement]:
    """Every requirement of pyproject.toml."""
    groups = PYPROJECT["dependency-groups"].values()
    listed = [*PYPROJECT["project"]["dependencies"], *(entry for group in groups for entry in group)]
    return [Requirement(text) for text in listed if isinstance(text, str)]


def options(form: str, field: str) -> list[str]:
    """What a dropdown of an issue form offers."""
    match = re.search(rf"id: {field}\n.*?options: \[(.*?)\]", read(f".github/ISSUE_TEMPLATE/{form}.yml"), re.DOTALL)
    assert match
    return match[1].split(", ")


def test_every_requirement_has_an_exact_version() -> None:
    unpinned = [each.name for each in requirements() if not re.fullmatch(r"==[\w.]+", str(each.specifier))]
    assert unpinned == ["pip"]  # any version installs wheels; the environment already has one


def test_no_requirement_is_listed_twice() -> None:
    names = [each.name for each in requirements()]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", WITH_PINS, ids=lambda path: path.name)
def test_pins_outside_pyproject_are_the_same(path: Path) -> None:
    pins = {each.name: str(each.specifier) for each in requirements()}
    for name, version in re.findall(r"\b([a-z][\w.-]*)(==[\d.]+\d)", path.read_text("utf-8")):
        assert pins[name] == version, f"{path.name} pins {name}{version}"


def test_ci_installs_nox_and_nothing_else() -> None:
    installed = re.findall(r"pip install (?:--quiet )?(.+)", read(".ci/run"))
    assert len(installed) == 1
    assert re.fullmatch(r"nox==[\d.]+", installed[0])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_pin_actions_by_commit_and_name_the_version(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text("utf-8"))
    assert used
    assert not [each for each in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)]


def test_an_action_has_one_commit_in_all_workflows() -> None:
    used = {each for path in WORKFLOWS for each in re.findall(r"uses: (\S+)@", path.read_text("utf-8"))}
    commits = {each for path in WORKFLOWS for each in re.findall(r"uses: (\S+@\S+)", path.read_text("utf-8"))}
    assert len(used) == len(commits)


def test_the_workflow_tests_the_pythons_that_the_classifiers_name() -> None:
    listed = re.search(r"python: \[(.*)\]", read(".github/workflows/pull-request.yml"))
    assert listed
    named = [each.split()[-1] for each in PYPROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", each)]
    assert re.findall(r"[\d.]+", listed[1]) == named
    assert PYPROJECT["project"]["requires-python"] == f">={named[0]}"


@pytest.mark.parametrize(("form", "field"), [("limitation", "target"), ("runtime", "targets")])
def test_issue_forms_offer_every_target(form: str, field: str) -> None:
    assert options(form, field) == [target.id for target in load().targets]


def test_the_form_for_limitations_offers_every_outcome() -> None:
    assert options("limitation", "outcome") == [str(status) for status in Status]


def test_the_changelogs_newest_release_is_the_projects_version() -> None:
    assert CHANGELOG.index("## [Unreleased]") < CHANGELOG.index("## [0")
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", CHANGELOG, re.MULTILINE)
    assert releases[0][0] == PYPROJECT["project"]["version"]
    dates = [datetime.date.fromisoformat(date) for _, date in releases]
    assert dates == sorted(dates, reverse=True)


def test_the_changelog_has_the_sections_of_keep_a_changelog_only() -> None:
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= known
    assert len(re.findall(r"^## ", CHANGELOG, re.MULTILINE)) == len(re.findall(r"^## \[", CHANGELOG, re.MULTILINE))


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", ".github/pull_request_template.md"])
def test_sessions_that_contributors_are_told_to_run_exist(page: str) -> None:
    sessions = set(re.findall(r"^def (\w+)\(session", read("noxfile.py"), re.MULTILINE))
    sessions |= set(re.findall(r'name="([\w-]+)"', read("noxfile.py")))
    named = set(re.findall(r"nox -s ([\w-]+)", read(page)))
    assert named
    assert named <= sessions


def test_contributings_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#:]+)[^):]*\)", read("CONTRIBUTING.md"))
    assert links
    assert not [link for link in links if not (TOP / link).exists()]


def test_the_licence_is_named_and_complete() -> None:
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License" in read("LICENSE")
    assert "END OF TERMS AND CONDITIONS" in read("LICENSE")


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    passed_over = pytestconfig.getini("norecursedirs")
    folders = {path.parent for path in (TOP / "tests").rglob("test_*.py")}
    names = {name for folder in folders for name in folder.relative_to(TOP).parts}
    assert {"unit", "build"} <= names
    assert not [name for name in names for pattern in passed_over if fnmatchcase(name, pattern)]
