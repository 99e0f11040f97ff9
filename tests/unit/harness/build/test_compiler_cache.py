"""Which compiler cache is taken, and what it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.build.compiler_cache import VARIABLE, CompilerCache, find
from matrix.errors import UsageError


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory of programs."""
    for name in ("ccache", "sccache"):
        (tmp_path / name).touch(0o755)
    return tmp_path


def found(directory: Path, **environment: str) -> str | None:
    cache = find({"PATH": str(directory)} | environment)
    return None if cache is None else cache.command.name


def test_ccache_is_preferred_unless_sccache_is_configured(programs: Path) -> None:
    assert found(programs) == "ccache"
    assert found(programs, SCCACHE_BUCKET="a") == "sccache"
    (programs / "ccache").unlink()
    assert found(programs) == "sccache"
    (programs / "sccache").unlink()
    assert found(programs) is None


def test_a_named_cache_is_taken_and_no_other(programs: Path, tmp_path: Path) -> None:
    assert found(programs, **{VARIABLE: "sccache"}) == "sccache"
    assert found(tmp_path / "nothing", **{VARIABLE: str(programs / "ccache")}) == "ccache"
    assert found(programs, **{VARIABLE: "off"}) is None
    with pytest.raises(UsageError, match="there is no distcc"):
        find({"PATH": str(programs), VARIABLE: "distcc"})


def test_the_users_configuration_of_the_cache_is_passed_on(programs: Path) -> None:
    environment = {
        "PATH": str(programs),
        "CCACHE_DIR": "/c",
        "SCCACHE_BUCKET": "b",
        "AWS_PROFILE": "p",
        "CFLAGS": "-O0",
    }
    cache = find(environment)
    assert cache is not None
    assert cache.variables("") == {"CCACHE_DIR": "/c", "SCCACHE_BUCKET": "b", "AWS_PROFILE": "p"}


def test_a_compiler_is_identified_by_its_digest_unless_the_user_says_otherwise() -> None:
    cache = CompilerCache(command=Path("/bin/ccache"), environment={})
    assert cache.variables("abc") == {"CCACHE_COMPILERCHECK": "string:abc"}
    cache = CompilerCache(command=Path("/bin/ccache"), environment={"CCACHE_COMPILERCHECK": "content"})
    assert cache.variables("abc") == {"CCACHE_COMPILERCHECK": "content"}


def test_a_step_names_the_cache_before_the_compiler() -> None:
    cache = CompilerCache(command=Path("/bin/ccache"), environment={})
    assert cache.words(("CC={cache} clang --sysroot=/a", "A=b")) == ("CC=/bin/ccache clang --sysroot=/a", "A=b")
