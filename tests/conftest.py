"""What holds for every test: nothing of the user's own settings reaches it."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

from harness.machine.store import VARIABLE
from harness.provide.sdk_layout import LAYOUTS

# The machine may be busy with a build or a benchmark: how long an example takes says nothing.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("here")

_NO_CACHE = Path(__file__) / "cache"
"""a place where no directory can be made"""
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A cache that is the test's own, no SDK in the usual place, no proxy."""
    # Most tests have no files, and `tmp_path` takes its time: it is a directory, made and removed.
    cache = request.getfixturevalue("tmp_path") / "cache" if "tmp_path" in request.fixturenames else _NO_CACHE
    monkeypatch.setenv(VARIABLE, str(cache))
    for name in (*(layout.variable for layout in LAYOUTS.values()), *_PROXIES, *(proxy.upper() for proxy in _PROXIES)):
        monkeypatch.delenv(name, raising=False)
