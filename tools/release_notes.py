"""Prints the changelog's section of a release, for the release's page; refuses a version that is not ready.

python -m tools.release_notes 0.2.0        the version, or its tag v0.2.0
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

TOP = Path(__file__).parents[1]


def notes(version: str, changelog: str, project_version: str) -> str:
    """The text below `## [version] - date`, without the heading.

    Raises ValueError when pyproject.toml has another version, or the changelog no dated section of this one.
    """
    if version != project_version:
        raise ValueError(f"pyproject.toml has the version {project_version}, not {version}")
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    section = re.search(rf"(?ms){heading}\n(.*?)(?=^## |\Z)", changelog)
    if section is None:
        raise ValueError(f"CHANGELOG.md has no section '## [{version}] - DATE'")
    if not section[1].strip():
        raise ValueError(f"CHANGELOG.md says nothing about {version}")
    return section[1].strip() + "\n"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = (TOP / "CHANGELOG.md").read_text("utf-8")
    try:
        sys.stdout.write(notes(sys.argv[1].removeprefix("v"), changelog, project["version"]))
    except ValueError as exc:
        sys.exit(f"error: {exc}")


if __name__ == "__main__":
    main()
