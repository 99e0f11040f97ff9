"""Firefox as it is installed, used as a reader uses it, through its own remote protocol.

Playwright 1.65 cannot open a page in it. Marionette is in every Firefox: a message is JSON, with its length and a colon
before it (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matrix.browsers import user_js
from matrix.load import load
from tests.integration.programs import until

WAIT = 120.0
"""seconds"""
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""the key of a reference to an element: https://www.w3.org/TR/webdriver2/#elements"""


class Failed(Exception):
    """Firefox answered with an error, such as that an element is not there or not to be clicked."""


class Firefox:
    """One tab of a Firefox."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self._stream = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._receive()  # its greeting
        self._command("WebDriver:NewSession", capabilities={})

    def _receive(self) -> Any:
        length = b""
        while (byte := self._stream.read(1)) not in (b":", b""):
            length += byte
        return json.loads(self._stream.read(int(length)))

    def _command(self, name: str, **parameters: Any) -> Any:
        message = json.dumps([0, next(self._numbers), name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        if error:
            raise Failed(f"{name}: {error['error']}: {error['message']}")
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def close(self) -> None:
        """End the connection, not Firefox."""
        self._stream.close()
        self._socket.close()

    def open(self, url: str) -> None:
        """Go to an address."""
        self._command("WebDriver:Navigate", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns on the page."""
        return self._command("WebDriver:ExecuteScript", script=script, args=list(arguments))

    def text(self, selector: str) -> str:
        """What is shown of the first element that a CSS selector names; "" where there is none."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def wait_for(self, selector: str, text: str) -> None:
        """Wait until an element shows a text."""
        assert until(lambda: text in self.text(selector), WAIT), (selector, text, self.text(selector))

    def _element(self, selector: str) -> str:
        """The first element that a CSS selector names, as soon as it is there."""
        there = "return document.querySelector(arguments[0]) !== null"
        assert until(lambda: bool(self.run(there, selector)), WAIT), selector
        found = self._command("WebDriver:FindElement", using="css selector", value=selector)
        return str(found[_ELEMENT])

    def click(self, selector: str) -> None:
        """Click an element; of an option of a list, choose it."""
        self._command("WebDriver:ElementClick", id=self._element(selector))

    def write(self, selector: str, text: str) -> None:
        """Type into an element."""
        self._command("WebDriver:ElementSendKeys", id=self._element(selector), text=text)


@contextlib.contextmanager
def started(executable: str, directory: Path) -> Iterator[Firefox]:
    """A Firefox without a window, with a fresh profile in a directory."""
    (line,) = (row.browser for row in load().runtimes if row.name == "firefox")
    assert line is not None
    directory.mkdir()
    (directory / "user.js").write_text(user_js({**line.preferences, "marionette.port": 0}), "utf-8")
    words = [executable, "--headless", "--no-remote", "--marionette", "--profile", str(directory), "about:blank"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            words, env=os.environ | line.environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        place = directory / "MarionetteActivePort"
        assert until(place.exists, WAIT), (directory / "log").read_text("utf-8", "backslashreplace")
        until(lambda: bool(place.read_text()), WAIT)
        firefox = Firefox(int(place.read_text()))
        yield firefox
        firefox.close()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
