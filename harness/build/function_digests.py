"""Run by the build Python: digests of the code objects in files of byte code.

    python function_digests.py LIST

LIST has paths with a zero byte between them. For each file, a line is printed: the digests of the code objects in the
order in which harness/guests/inside/functions.py numbers them; an empty line for a file that cannot be read.

The digest of a code object is of its instructions and constants. Of the code objects among its constants it has what
can be seen without running them: a function's name, parameters, kind and docstring. It has no line numbers: those who
see lines read the source, too. A class knows its first line (`__firstlineno__`, from CPython 3.13 on); that is left
out.
"""

from __future__ import annotations

import dis
import hashlib
import marshal
import os
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

_HEADER = 16
"""bytes before the code: https://peps.python.org/pep-0552/"""
_LINE = "__firstlineno__"
_LONGEST = 10
"""hexadecimal digits of a digest: an edit compares two of them"""


def code_objects(code: CodeType) -> Iterator[CodeType]:
    """A code object, and then those among its constants, each with those among its own."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from code_objects(constant)


def _parameters(code: CodeType) -> object:
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    number = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)  # *, **
    return counts, code.co_varnames[:number]


def _from_outside(constant: Any) -> object:
    """What can be seen of a constant by whoever has it."""
    if not isinstance(constant, CodeType):
        return constant
    first = constant.co_consts[0] if constant.co_consts else None
    docstring = first if isinstance(first, str) else None
    return constant.co_name, constant.co_qualname, _parameters(constant), constant.co_freevars, docstring


def _instructions(code: CodeType) -> object:
    """The instructions of a code object with their constants; without the number of a class's first line."""
    if _LINE not in code.co_names:
        return code.co_code, tuple(map(_from_outside, code.co_consts))
    found = list(dis.get_instructions(code))
    loads_line = {number - 1 for number, one in enumerate(found) if one.argval == _LINE}
    return [
        (one.opname, one.arg, _from_outside(one.argval)) for number, one in enumerate(found) if number not in loads_line
    ]


def digest_of(code: CodeType) -> str:
    """The digest of a code object."""
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_name, code.co_qualname
    seen = _instructions(code), names, _parameters(code), code.co_stacksize, code.co_exceptiontable
    return hashlib.sha256(ascii(seen).encode()).hexdigest()[:_LONGEST]


def digests_in(path: str) -> str:
    """The digests of the code objects in a file of byte code."""
    with open(path, "rb") as file:
        file.seek(_HEADER)
        code = marshal.loads(file.read())  # noqa: S302  # this Python compiled it
    return " ".join(map(digest_of, code_objects(code)))


def main() -> None:
    sys.set_int_max_str_digits(0)
    with open(sys.argv[1], "rb") as names:
        for name in names.read().split(b"\0"):
            try:
                print(digests_in(os.fsdecode(name)))
            except (OSError, ValueError, EOFError, TypeError):
                print()


if __name__ == "__main__":
    main()
