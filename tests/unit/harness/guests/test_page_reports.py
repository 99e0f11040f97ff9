from __future__ import annotations

import pytest

from harness.guests.runtimes.ends import TRAPPED
from harness.guests.runtimes.page_reports import PageReports


class Taken:
    """What reports led to."""

    def __init__(self) -> None:
        self.events = bytearray()
        self.output = bytearray()
        self.reports = PageReports(self.events.extend, self.output.extend)

    def take(self, number: int, kind: str, data: bytes, page: str = "p") -> int:
        return int(self.reports.take(f"{page} {number} {kind} {len(data)}\n".encode() + data))


@pytest.fixture
def taken() -> Taken:
    return Taken()


def test_messages_go_where_their_kind_says(taken: Taken) -> None:
    assert taken.take(1, "events", b'{"event": "start"}\n') == 1
    assert taken.take(2, "output", b"two\nlines\xff\n") == 2
    assert taken.take(3, "end", b"3") == 3
    assert taken.events == b'{"event": "start"}\n'
    assert taken.output == b"two\nlines\xff\n"
    assert taken.reports.ended.is_set()
    assert taken.reports.status == 3


def test_a_message_that_comes_again_counts_once(taken: Taken) -> None:
    taken.take(1, "output", b"one")
    assert taken.take(1, "output", b"one") == 1
    taken.take(2, "output", b"two")
    assert taken.take(1, "output", b"one") == 2
    assert taken.output == b"onetwo"


def test_another_page_is_refused(taken: Taken) -> None:
    taken.take(1, "output", b"one")
    with pytest.raises(ValueError, match="another one has the guest"):
        taken.take(1, "output", b"ours", page="q")
    with pytest.raises(ValueError, match="another one has the guest"):
        taken.reports.fail(b"q")
    with pytest.raises(ValueError, match="not the guest's page"):
        taken.reports.close(b"q")
    assert (bytes(taken.output), taken.reports.closed) == (b"one", False)
    assert not taken.reports.ended.is_set()


def test_a_page_of_an_earlier_guest_may_go(taken: Taken) -> None:
    with pytest.raises(ValueError, match="not the guest's page"):
        taken.reports.close(b"p")
    assert taken.take(1, "output", b"one", page="q") == 1
    assert not taken.reports.closed


def test_a_page_says_that_it_goes(taken: Taken) -> None:
    taken.take(1, "output", b"one")
    taken.reports.close(b"p")
    assert taken.reports.closed


def test_a_gap_is_refused(taken: Taken) -> None:
    taken.take(1, "output", b"one")
    with pytest.raises(ValueError, match="report 3 comes after report 1"):
        taken.take(3, "output", b"three")
    assert taken.output == b"one"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"p 1 events\n",
        b"p one events 0\n",
        b"p 1 files 0\n",
        b"p 1 events 4\nabc",
        b"p 1 events 2\nabc",
        b"\xff 1 0\n",
    ],
)
def test_what_is_no_message_is_refused(taken: Taken, body: bytes) -> None:
    with pytest.raises(ValueError, match="report"):
        taken.reports.take(body)
    assert taken.take(1, "output", b"one") == 1


@pytest.mark.parametrize(("text", "status"), [(b"0", 0), (b"7", 7), (b"", TRAPPED), (b"-1", TRAPPED), (b"x", TRAPPED)])
def test_an_end_has_a_status(taken: Taken, text: bytes, status: int) -> None:
    taken.take(1, "end", text)
    assert taken.reports.status == status


def test_a_worker_that_fails_has_ended_with_its_message(taken: Taken) -> None:
    for _ in range(2):
        taken.reports.fail(b"p\nRuntimeError: unreachable\n")
    assert taken.output == b"RuntimeError: unreachable\n"
    assert taken.reports.ended.is_set()
    assert taken.reports.status == TRAPPED


def test_an_error_after_the_end_changes_nothing(taken: Taken) -> None:
    taken.take(1, "end", b"0")
    taken.reports.fail(b"p\ntoo late\n")
    assert taken.reports.status == 0
    assert not taken.output


def test_a_page_is_lost_when_its_last_connection_ends(taken: Taken) -> None:
    reports = taken.reports
    assert reports.lost_for() == 0.0
    with reports.connection():
        assert reports.lost_for() == 0.0
        with reports.connection():
            pass
        assert reports.lost_for() == 0.0
    assert reports.lost_for() > 0.0
    with reports.connection():
        assert reports.lost_for() == 0.0
