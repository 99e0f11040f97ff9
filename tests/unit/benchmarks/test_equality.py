"""What `nox -s bench -- equality` takes for a difference between hosts."""

from __future__ import annotations

from pathlib import Path

from benchmarks import equality


def test_outcomes_that_differ_or_are_missing_are_named_with_their_host() -> None:
    found = {
        "first": {"a": "passed", "b": "passed", "c": "passed"},
        "same": {"a": "passed", "b": "passed", "c": "passed"},
        "other": {"a": "failed", "b": "passed"},
    }
    assert equality.differences(found) == [
        "a: passed with first, failed with other",
        "c: passed with first, no outcome with other",
    ]


def test_hosts_differ_in_user_umask_and_both_variables() -> None:
    assert {(host.ordinary, host.umask) for host in equality.HOSTS} == {
        (ordinary, umask) for ordinary in (False, True) for umask in (0o002, 0o022, 0o077)
    }
    assert sum("TZ" in host.env and "LANG" in host.env for host in equality.HOSTS) == 4


def test_an_ordinary_user_has_the_copy_in_place_of_the_cache() -> None:
    command = equality.as_ordinary_user(["true"], Path("/copy"), Path("/cache"))
    assert command[:2] == ["unshare", "--mount"]
    assert command[command.index("sh", 3) + 1 :][:2] == ["/copy", "/cache"]
    assert command[-1] == "true"
