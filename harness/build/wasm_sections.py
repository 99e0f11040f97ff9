"""Reads custom sections of a WebAssembly module, without reading its code, and limits its memory.

https://webassembly.github.io/spec/core/binary/modules.html has the format; the `target_features` section is
described in https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md#target-features-section.
"""

from __future__ import annotations

import os
from typing import BinaryIO

_HEADER = b"\0asm\1\0\0\0"
_LONGEST = 1 << 20
"""bytes of a custom section that are read; a `target_features` section has some hundred"""
_MEMORY = 5
"""the id of the memory section"""
_HAS_MAXIMUM = 1
"""the bit of a memory's flags that says that a maximum follows"""
_SIGNS = {0x2B: "+", 0x2D: "-", 0x3D: "="}


class NotWasm(ValueError):
    """A file is not a WebAssembly module of version 1, or it is damaged."""


def custom_section(file: BinaryIO, wanted: str) -> bytes | None:
    """The content of the first custom section of that name; None when the module has none.

    Raises NotWasm for what is not a module, for one that ends in the middle, and for a section above 1 MiB.
    """
    if file.read(len(_HEADER)) != _HEADER:
        raise NotWasm("it does not begin like a WebAssembly module of version 1")
    end = file.seek(0, os.SEEK_END)
    position = len(_HEADER)
    while position < end:
        file.seek(position)
        kind = file.read(1)[0]
        size = _number(file)
        start = file.tell()
        position = start + size
        if position > end:
            raise NotWasm(f"a section of {size} bytes at byte {start} goes beyond the end of the file")
        if kind == 0:
            name = _bytes(file, position)
            if name == wanted.encode():
                left = position - file.tell()
                if left > _LONGEST:
                    raise NotWasm(f"its section {wanted} has {left} bytes")
                return file.read(left)
    return None


def target_features(file: BinaryIO) -> tuple[str, ...] | None:
    """The features that a module uses (`+simd128`) or must not be linked with (`-atomics`); None without the section.

    Raises NotWasm as `custom_section` does, and for a section that is not of this form.
    """
    content = custom_section(file, "target_features")
    if content is None:
        return None
    count, position = _number_at(content, 0)
    found = []
    for _ in range(count):
        if position >= len(content) or content[position] not in _SIGNS:
            raise NotWasm("its section target_features is damaged")
        sign = _SIGNS[content[position]]
        size, start = _number_at(content, position + 1)
        position = start + size
        if position > len(content):
            raise NotWasm("its section target_features is damaged")
        found.append(sign + content[start:position].decode("utf-8", "backslashreplace"))
    return tuple(found)


def with_memory_limit(module: bytes, pages: int) -> bytes:
    """A module whose memory may grow to that many pages of 64 KiB at most, and is else the same.

    So every runtime limits it: https://webassembly.github.io/spec/core/binary/types.html#limits. Raises NotWasm for
    what is not a module or is damaged, and for one that has no memory of its own or starts with a larger one.
    """
    if module[: len(_HEADER)] != _HEADER:
        raise NotWasm("it does not begin like a WebAssembly module of version 1")
    position = len(_HEADER)
    while position < len(module):
        size, start = _number_at(module, position + 1)
        end = start + size
        if end > len(module):
            raise NotWasm(f"a section of {size} bytes at byte {start} goes beyond the end of the file")
        if module[position] == _MEMORY:
            content = _limited(module[start:end], pages)
            return module[: position + 1] + _leb128(len(content)) + content + module[end:]
        position = end
    raise NotWasm("it has no memory of its own")


def _limited(section: bytes, pages: int) -> bytes:
    """A memory section with a maximum."""
    count, position = _number_at(section, 0)
    if count != 1 or position >= len(section):
        raise NotWasm("its memory section is damaged")
    flags = section[position]
    minimum, position = _number_at(section, position + 1)
    maximum, position = _number_at(section, position) if flags & _HAS_MAXIMUM else (pages, position)
    if minimum > pages:
        raise NotWasm(f"its memory has {minimum} pages from the start, and the limit is {pages}")
    limits = bytes([flags | _HAS_MAXIMUM]) + _leb128(minimum) + _leb128(min(maximum, pages))
    return _leb128(1) + limits + section[position:]


def _leb128(value: int) -> bytes:
    """An unsigned number in LEB128."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def _bytes(file: BinaryIO, end: int) -> bytes:
    size = _number(file)
    if file.tell() + size > end:
        raise NotWasm(f"a name of {size} bytes at byte {file.tell()} goes beyond its section")
    return file.read(size) if size <= _LONGEST else b""


def _number(file: BinaryIO) -> int:
    """An unsigned 32-bit number in LEB128, from the file."""
    start = file.tell()
    data = file.read(5)
    value, length = _number_at(data, 0)
    file.seek(start + length)
    return value


def _number_at(data: bytes, start: int) -> tuple[int, int]:
    """The unsigned 32-bit number in LEB128 at a position, and the position behind it."""
    value = 0
    for shift, byte in enumerate(data[start : start + 5]):
        value |= (byte & 0x7F) << (7 * shift)
        if not byte & 0x80:
            if value >> 32:
                break
            return value, start + shift + 1
    raise NotWasm("a number in it is damaged")
