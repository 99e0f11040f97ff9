"""Small WebAssembly modules that end in the ways in which guests end, written byte by byte.

https://webassembly.github.io/spec/core/binary/modules.html
"""

from __future__ import annotations

from typing import BinaryIO

HEADER = b"\0asm\1\0\0\0"
_I32 = 0x7F
_EXIT, _START = 0, 1
"""indices of functions: proc_exit, which is imported, and the program"""


def module(
    body: bytes, *, imported: tuple[str, str] = ("wasi_snapshot_preview1", "proc_exit"), pages: int = 1
) -> bytes:
    """A WASI command whose `_start` has that body; it imports one function, which takes an i32."""
    types = _vector(b"\x60" + _vector(bytes([_I32])) + _vector(), b"\x60" + _vector() + _vector())
    imports = _vector(_name(imported[0]) + _name(imported[1]) + b"\0\0")
    exports = _vector(_name("memory") + b"\2\0", _name("_start") + b"\0" + bytes([_START]))
    code = b"\0" + body + b"\x0b"
    sections = {
        1: types,
        2: imports,
        3: _vector(b"\1"),
        5: _vector(b"\0" + _number(pages)),
        7: exports,
        10: _vector(_number(len(code)) + code),
    }
    return HEADER + b"".join(bytes([key]) + _number(len(data)) + data for key, data in sections.items())


def exits(status: int) -> bytes:
    """Calls exit()."""
    return module(b"\x41" + _number(status) + bytes([0x10, _EXIT]))


def traps() -> bytes:
    """Reaches unreachable code, as abort() does in wasi-libc."""
    return module(b"\0")


def recurses() -> bytes:
    """Calls itself without an end, and would exit behind the call: else a compiler makes a loop of it."""
    return module(bytes([0x10, _START, 0x41, 0, 0x10, _EXIT]))


def fills_memory(expected: int) -> bytes:
    """Takes memory, page by page, until it gets no more, and traps unless it has `expected` MiB then (below 64)."""
    # loop: memory.grow(1) != -1 -> again
    loop = b"\x03\x40\x41\x01\x40\x00\x41\x7f\x47\x0d\x00\x0b"
    # if memory.size >> 4 != expected: unreachable
    check = b"\x3f\x00\x41\x04\x76\x41" + _number(expected) + b"\x47\x04\x40\x00\x0b"
    return module(loop + check, pages=16)


def lacks_an_import() -> bytes:
    """Imports a function that no runtime has."""
    return module(b"", imported=("nowhere", "nothing"))


def loops() -> bytes:
    """Never ends."""
    return module(b"\x03\x40\x0c\x00\x0b")


def _number(value: int) -> bytes:
    """An unsigned number in LEB128; for an i32.const it must be below 64."""
    data = bytearray()
    while True:
        data.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(data)


def _name(text: str) -> bytes:
    return _number(len(text)) + text.encode()


def _vector(*items: bytes) -> bytes:
    return _number(len(items)) + b"".join(items)


def maximum_of(file: BinaryIO) -> int | None:
    """The most pages that the memory of such a module may have; None for no limit."""
    data = file.read()
    position = len(HEADER)
    while data[position] != 5:
        size, start = _read(data, position + 1)
        position = start + size
    _, start = _read(data, position + 1)
    flags = data[start + 1]
    _, start = _read(data, start + 2)
    return _read(data, start)[0] if flags & 1 else None


def _read(data: bytes, start: int) -> tuple[int, int]:
    """A number in LEB128, and the position behind it."""
    value, shift = 0, 0
    while True:
        byte = data[start]
        value |= (byte & 0x7F) << shift
        start, shift = start + 1, shift + 7
        if byte < 0x80:
            return value, start
