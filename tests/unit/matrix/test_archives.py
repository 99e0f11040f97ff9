from __future__ import annotations

from matrix.archives import Archive

HASH = "0" * 64


def test_an_archives_url_contains_upstreams_name_of_the_machine() -> None:
    archive = Archive(
        url="https://example.org/sdk-{machine}.tar.gz", sha256={"aarch64": HASH}, machines={"aarch64": "arm64"}
    )
    assert archive.for_machine("aarch64") == ("https://example.org/sdk-arm64.tar.gz", HASH)


def test_an_archive_has_no_hash_for_a_machine_that_is_not_pinned() -> None:
    archive = Archive(url="https://example.org/sdk-{machine}.tar.gz", sha256={"aarch64": HASH})
    assert archive.for_machine("x86_64") == ("https://example.org/sdk-x86_64.tar.gz", None)


def test_an_archive_for_any_machine_has_one_hash() -> None:
    archive = Archive(url="https://example.org/cpython.tar.xz", sha256={"any": HASH})
    assert archive.for_machine("riscv64") == ("https://example.org/cpython.tar.xz", HASH)
