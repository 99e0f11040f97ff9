"""What can be said of processes without starting one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.process import MissingTool, describe_exit, require


@pytest.mark.parametrize(
    ("returncode", "text"),
    [
        (0, "exit status 0"),
        (134, "exit status 134"),
        (-9, "signal SIGKILL"),
        (-6, "signal SIGABRT"),
        (-99, "signal 99"),
    ],
)
def test_a_return_code_is_described_in_words(returncode: int, text: str) -> None:
    assert describe_exit(returncode) == text


def test_a_tool_on_path_is_found() -> None:
    assert Path(require("sh")).name == "sh"


def test_a_missing_tool_is_named_with_its_package() -> None:
    with pytest.raises(MissingTool) as caught:
        require("no-such-tool", package="a-package")
    assert "the command `no-such-tool` is not installed or not on PATH" in str(caught.value)
    assert "apt-get install a-package" in str(caught.value)
    assert caught.value.exit_status == 3


def test_the_package_has_the_name_of_the_tool_by_default() -> None:
    with pytest.raises(MissingTool, match="apt-get install no-such-tool"):
        require("no-such-tool")
