"""Digests of strings and files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.machine.hashing import digest_of, file_sha256


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"))), st.lists(st.text("ab", max_size=3)))
def test_only_equal_parts_have_equal_digests(one: list[str], other: list[str]) -> None:
    assert (digest_of(*one) == digest_of(*other)) is (one == other or (sorted([one, other]) == [[], [""]]))
    assert len(digest_of(*one)) == 16


def test_a_file_has_the_sha256_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"some bytes")
    assert file_sha256(tmp_path / "file") == hashlib.sha256(b"some bytes").hexdigest()
