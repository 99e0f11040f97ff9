"""Which file a URL path means."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.http_server import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with one file by its own name, and one directory."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "page").mkdir()
    (tmp_path / "page/python.js").write_text("")
    (tmp_path / "page/out").symlink_to(tmp_path / "secret")
    return Site({"/index.html": tmp_path / "secret", "/files/": tmp_path / "page"})


def test_files_are_found_by_name_and_by_directory(site: Site, tmp_path: Path) -> None:
    assert site.file("/index.html") == tmp_path / "secret"
    assert site.file("/files/python.js") == tmp_path / "page/python.js"


@pytest.mark.parametrize(
    "path",
    ["/", "/files/", "/gone", "/files/gone", "/files/../secret", "/files/out", "/files/a\0b", "/files/" + "a" * 5000],
)
def test_no_other_path_is_a_file(site: Site, path: str) -> None:
    assert site.file(path) is None
