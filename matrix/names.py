"""Names of tests and of test modules: with and without the package `test`.

regrtest calls a module `test_json`, unittest calls its tests `test.test_json.test_dump.TestPyDump.test_dump`. Users
write either form. A few tests have names outside the package: `distutils.tests.test_cmd.CommandTestCase.test_dump`.
"""

from __future__ import annotations

import hashlib

LONGEST = 500
"""characters of a test's name in results and reports"""
_PACKAGE = "test."


def cut(name: str) -> str:
    """The name; of one with more than LONGEST characters the beginning, `~` and a digest of the whole."""
    if len(name) <= LONGEST:
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{name[: LONGEST - 1 - len(digest)]}~{digest}"


def full_name(name: str) -> str:
    """The name with its package: `test_json` is `test.test_json`.

    A module's full name is also the name of the outcome that stands for the whole module.
    """
    return name if name.startswith(_PACKAGE) else _PACKAGE + name


def spellings(name: str) -> tuple[str, str]:
    """The names that a user may mean by one: the name itself, and the same name with the package."""
    return name, full_name(name)


def is_within(test: str, name: str) -> bool:
    """Whether `name` is that of the test, or of the class, module or package that contains it."""
    return any(test == full or test.startswith(f"{full}.") for full in spellings(name))
