"""Runs inside the guest: turns what unittest tells about tests into events, and writes them.

Beside the outcome, an event has the traceback and what the test printed, up to a limit (as `testresult.py` of
CPython's `test.libregrtest` has for JUnit files).
"""

import io
import os
import sys
import time
import traceback
import unittest
from _json import encode_basestring_ascii as quote

OUTPUT_KEPT = 16 * 1024  # characters of a test's output that an event carries
DETAIL_KEPT = 64 * 1024  # characters of a traceback that an event carries
RANKS = ("passed", "skipped", "failed", "errored")  # a test that has two outcomes, as with sub-tests, has the later one


class Events:
    """Writes event lines, each with one write, so that a guest that ends does not leave half a line."""

    def __init__(self, path):
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.written = 0

    @staticmethod
    def text(value):
        # Undecodable file names have lone surrogates, which JSON does not allow.
        return quote(value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8"))

    def write(self, kind, **fields):
        parts = ['{"event":' + quote(kind)]
        for name, value in fields.items():
            if isinstance(value, str):
                text = self.text(value)
            elif isinstance(value, list):
                text = "[" + ",".join(map(self.text, value)) + "]"
            else:
                text = repr(value)
            parts.append(quote(name) + ":" + text)
        self.written += 1
        parts.append(f'"number":{self.written}')
        data = ",".join(parts).encode("ascii")
        data += b',"sum":%d}\n' % sum(data)
        while data:
            data = data[os.write(self.descriptor, data) :]


class OutputLimitExceeded(RuntimeError):
    """A test printed more than the harness allows."""


class BoundedOutput(io.StringIO):
    """Captures what a test prints, as unittest's `buffer` does, up to a limit."""

    limit = 0

    def write(self, text):
        if self.tell() + len(text) > self.limit:
            raise OutputLimitExceeded(f"a test may print {self.limit} characters; this one printed more")
        return super().write(text)


def shorten(text, most=DETAIL_KEPT):
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n[... {len(text) - most} characters left out ...]\n{text[-most // 2 :]}"


def id_of(test):
    try:
        return str(test.id())
    except Exception:
        return str(test)


class Result(unittest.TestResult):
    """Turns unittest's calls into events."""

    def __init__(self, events):
        super().__init__()
        self.buffer = True
        self._stdout_buffer = BoundedOutput()
        self._stderr_buffer = BoundedOutput()
        self.events = events
        self.current = None

    def startTest(self, test):
        super().startTest(test)
        self.current = id_of(test)
        self.status, self.detail, self.printed = None, "", ""
        self.part_skipped = False
        self.events.write("start", test=self.current)
        self.started = time.perf_counter()

    def stopTest(self, test):
        duration = time.perf_counter() - self.started
        if self.status is None:
            self._end_without_outcome()
        self.events.write(
            "stop",
            test=self.current,
            status=self.status,
            duration=round(duration, 6),
            detail=shorten(self.detail),
            output=shorten(self.printed, OUTPUT_KEPT),
        )
        self.current = None
        super().stopTest(test)

    def _end_without_outcome(self):
        """A test passes only when unittest says so. unittest says nothing when an exception leaves the test.

        That is KeyboardInterrupt, or what adding another outcome raised (MemoryError, for instance). It says nothing
        either when a part of a test was skipped and all others passed.
        """
        kind, raised, place = sys.exc_info()
        if raised is None and self.part_skipped:
            self.status = "passed"
            return
        self.status = "errored"
        try:
            self.detail = "".join(traceback.format_exception(kind, raised, place)) if raised else "no outcome was added"
        except BaseException:
            self.detail = kind.__name__

    def _observe(self, test, status, detail):
        if self.current is None:
            # A fixture of a class or a module, `setUpClass (test.test_x.Class)`.
            self.events.write("fixture", test=id_of(test), status=status, detail=shorten(detail))
            return
        if status in ("failed", "errored"):
            self.printed = self._stdout_buffer.getvalue() + self._stderr_buffer.getvalue()
        if self.status is None or RANKS.index(status) > RANKS.index(self.status):
            self.status = status
        self.detail = f"{self.detail}\n{detail}" if self.detail else detail

    def _exc_info_to_string(self, err, test):
        # unittest appends what a test printed to the traceback. Events have it in a field of its own, so that the
        # traceback ends with the exception.
        self.buffer = self.current is None
        try:
            return super()._exc_info_to_string(err, test)
        finally:
            self.buffer = True

    def addError(self, test, err):
        super().addError(test, err)
        self._observe(test, "errored", self.errors.pop()[1])
        self.errors.append((test, ""))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._observe(test, "failed", self.failures.pop()[1])
        self.failures.append((test, ""))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            text = (self.failures if failed else self.errors).pop()[1]
            (self.failures if failed else self.errors).append((subtest, ""))
            self._observe(test, "failed" if failed else "errored", f"{id_of(subtest)}\n{text}")

    def addSuccess(self, test):
        super().addSuccess(test)
        self._observe(test, "passed", "")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._observe(test, "passed", "")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if self.current is None or id_of(test) == self.current:
            self._observe(test, "skipped", str(reason))
        else:
            self.part_skipped = True  # a sub-test was skipped, and the test goes on

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._observe(test, "failed", "unexpected success")
