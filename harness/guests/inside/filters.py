"""Runs inside the guest: which tests of a suite are to run."""

import fnmatch
import unittest


def cases_of(suite):
    for test in suite:
        if isinstance(test, unittest.BaseTestSuite):
            yield from cases_of(test)
        elif test is not None:
            yield test


def is_wanted(name, patterns):
    """Whether regrtest's `--match` and `--ignore` leave a test: of the patterns that match it, the last one counts.

    A pattern is compared with the whole id, with and without `test.` in front, and with each of its parts.
    """
    for pattern, keep in reversed(patterns):
        forms = (name, name.removeprefix("test."), *name.split("."))
        if any(fnmatch.fnmatchcase(form, pattern) for form in forms):
            return keep
    return not patterns[0][1]


def keep_only(suite, wanted):
    """Remove the other tests from a suite, in place, as libregrtest's filter does."""
    kept = []
    for test in suite._tests:
        if isinstance(test, unittest.BaseTestSuite):
            keep_only(test, wanted)
            kept.append(test)
        elif wanted(test):
            kept.append(test)
    suite._tests = kept
