"""A release's notes are its section of the changelog; a version that is not ready is refused."""

from __future__ import annotations

import pytest

from tools.release_notes import notes

CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Something new.

## [0.2.0] - 2026-12-01

### Fixed

- A fault.

## [0.1.0] - 2026-11-23
"""


def test_the_notes_are_the_sections_text() -> None:
    assert notes("0.2.0", CHANGELOG, "0.2.0") == "### Fixed\n\n- A fault.\n"


@pytest.mark.parametrize(
    ("version", "project_version", "message"),
    [
        ("0.2.0", "0.1.0", r"pyproject.toml has the version 0\.1\.0, not 0\.2\.0"),
        ("0.3.0", "0.3.0", r"no section '## \[0\.3\.0\] - DATE'"),
        ("0.1.0", "0.1.0", "says nothing about 0"),
        ("0.2", "0.2", r"no section '## \[0\.2\] - DATE'"),
    ],
)
def test_a_version_that_is_not_ready_is_refused(version: str, project_version: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        notes(version, CHANGELOG, project_version)
