"""The options of regrtest, CPython's own test runner, which core developers type from habit.

Those that make sense here do what they do there; the table REFUSED says what to type instead of the others. Where
pytest has the same letter, regrtest's meaning counts if a suite of CPython has no use for pytest's (`-m`, `-r`, `-W`),
and otherwise pytest's. Source: Lib/test/libregrtest/cmdline.py and main.py of CPython 3.11 to 3.14.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from harness.commands.parser import Parser, Refused, path
from harness.suite.request import FAST_CI, SLOW_CI, Mode
from matrix.errors import UsageError

TEST_NAME = re.compile(r"^test(_\w+|\.\w+)[\w.]*$")
"""what the name of a test, a class or a module looks like"""
_LARGEST = 16 << 20
"""bytes of a file with names"""


REFUSED: dict[tuple[str, ...], str] = {
    ("-R", "--huntrleaks"): "references are not counted here; `nox -s triage -- rerun TEST` repeats a test",
    ("-P", "--pgo", "--pgo-extended"): "nothing is trained here: name the modules",
    ("--tsan", "--tsan-parallel", "--parallel-threads"): "there are no threads to check: name the modules",
    ("-w", "--rerun", "--verbose2", "--fail-rerun"): "a module that fails always runs again, alone, in full",
    ("--single-process",): "-n 1 runs one guest at a time; --isolate gives each module its own",
    ("-F", "--forever"): "`nox -s triage -- rerun TEST --times N` repeats a test",
    ("-T", "--coverage", "-D", "--coverdir", "-N", "--nocoverdir"): "coverage is not measured in guests",
    ("--python",): "--cpython names the tree and --runtime what runs it",
    ("-G", "--failfast"): "-x stops after the first module that fails",
    ("-S", "--start"): "--resume continues a run that did not finish",
    ("--prioritize",): "modules that take long run first; -n 1 and names run just these",
    ("-M", "--memlimit"): "--memory MiB sets the memory of a guest; tests of more than 2 GiB are skipped",
    ("-L", "--runleaks"): "leaks(1) cannot look into a guest",
    ("-t", "--threshold"): "the threshold of the garbage collector stays as it is in guests",
    ("--slowest",): "--durations 10 shows the slowest modules; the report has all times",
    ("--list-tests", "--list-cases"): "the report of a run lists every test, also those that did not run",
    ("--header",): "the report says what each cell is made of",
    ("--wait",): "`nox -s triage -- repro TEST --debugger` starts a test in a debugger",
    ("--testdir",): "--cpython PATH tests the Lib/test of another tree",
    ("--tempdir", "--cleanup"): "each guest has a directory of its own, which is removed after it",
    ("--bisect",): "`nox -s triage -- minimise TEST` finds the tests that make another one fail",
    ("--nowindows", "--dont-add-python-opts"): "it has no meaning here: leave it out",
}
"""What to do instead, by the options of regrtest that are refused."""

_FLAGS = re.compile(r"-[vqsl]*x$")
"""`-x`, also after other letters of pytest's that take no value"""
_COMMAND = re.compile(r"[/\s]|^(python|node|wasmtime)")
_LISTED = re.compile(r"\btest_[a-zA-Z0-9_]+\b")
"""the name of a module in a line of `--fromfile`: also of `0:00:00 [4/400] test_builtin -- test_dict took 1 s`"""


def add_regrtest_options(parser: Parser) -> None:
    """The options that `suite_fields` and `ci_mode` read. Add them before those of pytest."""
    group = parser.add_argument_group("words of regrtest (python -m test)")
    add = group.add_argument
    _add_guest_words(group)
    for option, keep, text in (
        (("-m", "--match"), True, "only tests whose id, or a part of it between dots, matches this glob"),
        (("-i", "--ignore"), False, "not the tests that match this glob"),
    ):
        add(*option, action=_Pattern, const=keep, dest="patterns", default=[], metavar="PAT", help=text)
    for name, keep, text in (
        ("--matchfile", True, "as --match, with one glob per line of a file"),
        ("--ignorefile", False, "as --ignore, with one glob per line of a file"),
    ):
        add(name, action=_PatternFile, const=keep, dest="patterns", default=[], metavar="FILE", help=text)
    add("-f", "--fromfile", type=path, metavar="FILE", help="run the modules that this file names, one per line")
    add("-j", "--multiprocess", dest="workers", type=_processes, metavar="N",
        help="how many guests at once, as -n; 0 is one per core")  # fmt: skip
    add("--randomize", action="store_true", help="run the modules in random order (also -r)")
    add("--verbose3", action="store_true", help="show what a failing test printed: always done (also -W)")
    for options in REFUSED:
        parser.add_argument(*options, nargs="?", action=_Refuse, help=argparse.SUPPRESS)
    parser.translate = lambda words: translated(parser, words)


def add_guest_words(parser: Parser) -> None:
    """The options of regrtest that decide the outcome of a single test. `guest_fields` and `ci_mode` read them."""
    _add_guest_words(parser.add_argument_group("words of regrtest (python -m test)"))


def _add_guest_words(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-u", "--use", action="append", default=[], type=resource_words, metavar="RES1,RES2",
        help="resources to enable: all, none, names, -NAME (default: those of upstream's `make test`)")  # fmt: skip
    add("--randseed", type=_seed, metavar="SEED", help="the seed of --randomize and of the tests' random numbers")
    modes = group.add_mutually_exclusive_group()
    for mode in (FAST_CI, SLOW_CI):
        modes.add_argument(mode.option, action="store_true",
            help=f"-u {','.join(mode.use)} --timeout {mode.timeout:.0f} --randomize --fail-env-changed")  # fmt: skip
    add("--fail-env-changed", action="store_true", help="a module that alters its environment fails")


def translated(parser: Parser, words: Sequence[str]) -> list[str]:
    """The words with `-r` and `-W` alone as regrtest's, which take no value; `-rA` and `-Werror` stay pytest's.

    Raises UsageError where `-x` and `-p` are meant as regrtest's.
    """
    for word, following in zip(words, [*words, ""][1:], strict=True):
        value = following if word == "-p" else word[2:] if re.match("-p[^=]", word) else ""
        if _COMMAND.search(value):
            refuse("-p", REFUSED["--python",])
    _check_exclude(parser, words)
    return [{"-r": "--randomize", "-W": "--verbose3"}.get(word, word) for word in words]


def _check_exclude(parser: Parser, words: Sequence[str]) -> None:
    """Raise UsageError for `-x` before names of tests: regrtest leaves them out then, and pytest runs them."""
    start = next((number for number, word in enumerate(words) if _FLAGS.match(word)), None)
    if start is None:
        return
    names = [
        word
        for before, word in zip(words[start:], words[start + 1 :], strict=False)
        if TEST_NAME.match(word) and not parser.takes_value(before)
    ]
    if names:
        leave_out = " ".join(f"-i {name}" for name in names)
        raise UsageError(
            f"-x before {names[0]}: to regrtest that means to leave it out, to pytest to stop after the first failure",
            hint=f"leave tests out with {leave_out}; to stop after the first failure put the names before -x",
        )


def refuse(option: str, instead: str) -> NoReturn:
    """Raise UsageError for an option of regrtest's that has no use here."""
    raise UsageError(f"`test` does not take regrtest's {option}", hint=instead)


class _Refuse(Refused):
    """An option of the table REFUSED."""

    def __call__(self, parser: object, namespace: object, values: object, option_string: str | None = None) -> NoReturn:
        instead = next(text for options, text in REFUSED.items() if option_string in options)
        refuse(str(option_string), instead)


class _Pattern(argparse.Action):
    def __call__(self, parser: object, namespace: object, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), (values, self.const)])


class _PatternFile(argparse.Action):
    def __call__(self, parser: object, namespace: object, values: Any, option_string: str | None = None) -> None:
        found = [(line.strip(), self.const) for line in _lines(str(option_string), Path(values)) if line.strip()]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), *found])


def _lines(option: str, place: Path) -> list[str]:
    try:
        with place.open("rb") as file:  # a pipe, too, as in `--matchfile <(...)`
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST >> 20} MiB")
        return data.decode("utf-8").splitlines()
    except (OSError, ValueError) as exc:
        raise UsageError(f"{option} {place}: {exc}", hint="name a text file") from None


def resource_words(text: str) -> tuple[str, ...]:
    """The words of one `-u`, in lower case; a type for argparse. `harness.build.resources` compares them with trees."""
    words = tuple(word.strip().lower() for word in text.split(","))
    if any(not re.fullmatch(r"-?[a-z0-9_]+", word) for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of resources such as all,-cpu")
    return words


def _processes(text: str) -> int | None:
    """The number of workers of `-j`; None for 0 or less, which is one per core."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes") from None
    return number if number > 0 else None


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def ci_mode(known: argparse.Namespace) -> Mode | None:
    """The mode for continuous integration that was asked for."""
    return SLOW_CI if known.slow_ci else FAST_CI if known.fast_ci else None


def listed_modules(known: argparse.Namespace) -> tuple[str, ...]:
    """The modules that the file of `--fromfile` names. Raises UsageError."""
    if known.fromfile is None:
        return ()
    if known.names:
        raise UsageError("--fromfile and names of tests do not go together", hint="put the names into the file")
    found = [_LISTED.search(line.partition("#")[0]) for line in _lines("--fromfile", known.fromfile)]
    names = tuple(dict.fromkeys(match.group() for match in found if match is not None))
    if not names:
        raise UsageError(f"--fromfile {known.fromfile}: it names no test module", hint="write one per line: test_json")
    return names


def suite_fields(known: argparse.Namespace) -> dict[str, Any]:
    """The fields of a SuiteRequest that regrtest's options decide. Raises UsageError."""
    return {
        **guest_fields(known, randomize=known.randomize),
        "patterns": tuple(known.patterns),
    }


def guest_fields(known: argparse.Namespace, *, randomize: bool = False) -> dict[str, Any]:
    """The fields of a SuiteRequest that the options of `add_guest_words` decide. Raises UsageError."""
    mode = ci_mode(known)
    said = tuple(word for words in known.use for word in words)
    use = (*(mode.use if mode else ()), *said)
    if use and all(word.startswith("-") for word in use):
        raise UsageError(
            f"-u {','.join(use)} takes away from nothing: regrtest's -u begins without resources",
            hint=f"-u all,{','.join(use)}",
        )
    randomize = randomize or known.randseed is not None or mode is not None
    seed = known.randseed if known.randseed is not None or not randomize else random.getrandbits(32)
    return {
        "use": use,
        "support_timeout": mode.timeout if mode else None,
        "fail_env_changed": known.fail_env_changed or mode is not None,
        "randomize": randomize,
        "seed": seed,
    }
