"""A WebSocket on a connection that has asked for one: what a page sends is answered, message by message."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from websockets.datastructures import Headers
from websockets.exceptions import WebSocketException
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

BEAT = 1.0
"""seconds of silence until the page's browser is asked for an answer: it ends the connection of a tab that is gone"""
_RECEIVED = 1 << 16
"""bytes at once"""


class Connection(Protocol):
    """What is used of a socket."""

    def fileno(self) -> int: ...
    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...


def converse(
    connection: Connection,
    target: str,
    headers: Iterable[tuple[str, str]],
    answer: Callable[[bytes], bytes],
    longest: int,
) -> None:
    """Accept the request for a WebSocket, and answer its messages until the page closes it or is gone.

    `target` and `headers` are the request's, which has been read. `answer` gets a message and returns the text to send
    back; it raises ValueError for one that it does not take, which closes the WebSocket with the reason. A message of
    more than `longest` bytes does, too.
    """
    protocol = ServerProtocol(max_size=longest)
    protocol.receive_data(Request(target, Headers(headers)).serialize())
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    with contextlib.suppress(OSError, WebSocketException):
        _send(connection, protocol)
        for message in _messages(connection, protocol):
            try:
                protocol.send_text(answer(message))
            except ValueError as exc:
                protocol.fail(CloseCode.POLICY_VIOLATION, str(exc)[:100])
            _send(connection, protocol)


def _messages(connection: Connection, protocol: ServerProtocol) -> Iterator[bytes]:
    parts: list[bytes] = []
    while protocol.state is State.OPEN:
        if not select.select([connection], [], [], BEAT)[0]:
            protocol.send_ping(b"")
        elif data := connection.recv(_RECEIVED):
            protocol.receive_data(data)
        else:
            protocol.receive_eof()
        for frame in protocol.events_received():
            assert isinstance(frame, Frame)
            if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                parts.append(bytes(frame.data))
                if frame.fin:
                    yield b"".join(parts)
                    parts.clear()
        _send(connection, protocol)


def _send(connection: Connection, protocol: ServerProtocol) -> None:
    for data in protocol.data_to_send():
        connection.sendall(data)  # b"" says that nothing follows; the connection is then closed by the caller
