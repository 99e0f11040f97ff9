"""The user, umask, TZ and LANG change no outcome in modules that could notice; `bench -- equality` runs them all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.equality import HOSTS, Host, measure, no_ordinary_user
from tests.integration.conftest import real_store

pytestmark = pytest.mark.integration

CELLS = [("--target", "wasi")]
"""the cells that are compared, as words for `test`"""
MODULES = (
    "test_os", "test_posix", "test_stat", "test_tempfile", "test_shutil", "test_fileio", "test_py_compile",
    "test_time", "test_strptime", "test_calendar", "test_locale", "test_codecs", "test_getopt", "test_mailbox",
)  # fmt: skip
"""modules that look at modes of files, users, time zones, locales and messages"""


def check(words: Sequence[str], hosts: Sequence[Host], directory: Path) -> None:
    found = measure((*words, *MODULES), hosts, directory, real_store(), print)
    assert not found.differences
    assert min(found.tests.values()) > 100


@pytest.mark.parametrize("words", CELLS, ids=["wasi"])
def test_umask_time_zone_and_locale_change_no_outcome(words: Sequence[str], tmp_path: Path) -> None:
    check(words, [host for host in HOSTS if not host.ordinary], tmp_path)


@pytest.mark.parametrize("words", CELLS, ids=["wasi"])
def test_an_ordinary_user_sees_the_same_outcomes(words: Sequence[str], tmp_path: Path) -> None:
    if why := no_ordinary_user():
        pytest.skip(why)
    check(words, [HOSTS[0], *(host for host in HOSTS if host.ordinary)], tmp_path)
