from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.build.recipes.emscripten import Toolchain
from harness.build.toolchain import set_up, wanted_port
from harness.machine.store import Store
from matrix.errors import Unobtainable

PORT = """\
# Copyright 2014 The Emscripten Authors.  All rights reserved.

import os

VERSION = '{version}'
HASH = '512cbfde'


def get(ports, settings, shared):
  {fetch}

  def create(final):
    source_path = ports.get_dir('{name}', '{name}-' + VERSION)
"""

CONCATENATED = (
    "ports.fetch_project('bzip2', 'https://github.com/emscripten-ports/bzip2/archive/' + VERSION + '.zip', "
    "'bzip2-' + VERSION, sha512hash=HASH)"
)
"""Emscripten 3.1.6's"""
FORMATTED_WITH_DIRECTORY = (
    "ports.fetch_project('zlib', "
    "f'https://storage.googleapis.com/webassembly/emscripten-ports/zlib-{VERSION}.zip', "
    "'zlib-' + VERSION, sha512hash=HASH)"
)
"""Emscripten 3.1.6's, too"""
FORMATTED = (
    "ports.fetch_project('zlib', f'https://github.com/madler/zlib/archive/refs/tags/v{VERSION}.tar.gz', "
    "sha512hash=HASH)"
)
"""Emscripten 3.1.69's, as of 6.0.5"""

ZLIB_URL = "https://github.com/madler/zlib/archive/refs/tags/v1.2.13.tar.gz"


def described(directory: Path, name: str, version: str, fetch: str) -> Path:
    """A port's description as an Emscripten has it."""
    script = directory / f"{name}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(PORT.replace("{version}", version).replace("{fetch}", fetch).replace("{name}", name))
    return script


# --- what Emscripten says of a port


@pytest.mark.parametrize(
    ("name", "version", "fetch", "url"),
    [
        ("bzip2", "1.0.6", CONCATENATED, "https://github.com/emscripten-ports/bzip2/archive/1.0.6.zip"),
        (
            "zlib",
            "1.2.11",
            FORMATTED_WITH_DIRECTORY,
            "https://storage.googleapis.com/webassembly/emscripten-ports/zlib-1.2.11.zip",
        ),
        ("zlib", "1.2.13", FORMATTED, ZLIB_URL),
        ("zlib", "1", "ports.fetch_project('zlib', 'https://example.org/zlib.zip')", "https://example.org/zlib.zip"),
    ],
)
def test_each_form_of_a_port_tells_its_directory_and_address(
    tmp_path: Path, name: str, version: str, fetch: str, url: str
) -> None:
    assert wanted_port(name, described(tmp_path, name, version, fetch)) == (f"{name}-{version}", url)


@given(
    st.from_regex(r"[0-9a-zA-Z_.-]{1,12}", fullmatch=True),
    st.sampled_from(["' + VERSION + '", "{VERSION}"]),
    st.from_regex(r"[a-z/v_-]{0,8}", fullmatch=True),
    st.from_regex(r"[a-z./-]{0,8}", fullmatch=True),
)
def test_the_version_is_put_into_the_address_wherever_it_stands(
    version: str, form: str, before: str, after: str
) -> None:
    formatted = "f" if form == "{VERSION}" else ""
    fetch = f"ports.fetch_project('zlib', {formatted}'https://example.org/{before}{form}{after}', sha512hash=HASH)"
    with tempfile.TemporaryDirectory() as directory:
        script = described(Path(directory), "zlib", version, fetch)
        assert wanted_port("zlib", script) == (f"zlib-{version}", f"https://example.org/{before}{version}{after}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"def get():\n  {FORMATTED}\n",
        "VERSION = '1.2.13'\n",
        "VERSION = '1.2.13'\nports.fetch_artifact('zlib', 'https://example.org/')\n",
        "VERSION = '1.2.13'\nports.fetch_project('bzip2', 'https://example.org/')\n",
    ],
)
def test_a_description_that_does_not_tell_it_is_named(tmp_path: Path, text: str) -> None:
    script = tmp_path / "zlib.py"
    script.write_text(text)
    with pytest.raises(Unobtainable) as caught:
        wanted_port("zlib", script)
    assert f"{script} does not say where the port zlib comes from" in str(caught.value)
    assert "harness/build/toolchain.py" in str(caught.value)


def test_a_port_that_this_emscripten_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unobtainable) as caught:
        wanted_port("zlib", tmp_path / "ports/zlib.py")
    assert str(tmp_path / "ports/zlib.py") in caught.value.message


# --- making a toolchain ready


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    """A toolchain whose SDK has descriptions of zlib and bzip2 and nothing compiled."""
    ports = tmp_path / "sdk/emscripten/tools/ports"
    described(ports, "zlib", "1.2.13", FORMATTED)
    described(ports, "bzip2", "1.0.6", CONCATENATED)
    (tmp_path / "builds/toolchain").mkdir(parents=True)
    return Toolchain(
        sdk=tmp_path / "sdk",
        digest="the toolchain",
        node=tmp_path / "node",
        python="python3",
        directory=tmp_path / "builds/toolchain",
    )


@pytest.fixture
def zlib(tmp_path: Path) -> Path:
    """The sources of a port."""
    source = tmp_path / "zlib sources"
    (source / "contrib").mkdir(parents=True)
    (source / "zlib.h").write_text("/* zlib */\n")
    (source / "contrib/README").write_text("contributed\n")
    return source


def prebuilt(toolchain: Toolchain) -> None:
    """Let the SDK come with compiled libraries."""
    sysroot = toolchain.sdk / "emscripten/cache/sysroot"
    sysroot.mkdir(parents=True)
    (sysroot / "libc.a").write_text("compiled")
    (sysroot / "link").symlink_to("libc.a")


def left(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_configuration_and_program_are_written(toolchain: Toolchain, store: Store) -> None:
    set_up(toolchain, {}, store)
    assert toolchain.config.read_text() == toolchain.configuration()
    assert "int main(" in toolchain.program.read_text()


def test_the_configuration_is_renewed(toolchain: Toolchain, store: Store) -> None:
    toolchain.config.write_text("LLVM_ROOT = '/elsewhere'\n")
    set_up(toolchain, {}, store)
    assert toolchain.config.read_text() == toolchain.configuration()


def test_compiled_libraries_of_the_sdk_are_copied(toolchain: Toolchain, store: Store) -> None:
    prebuilt(toolchain)
    set_up(toolchain, {}, store)
    sysroot = toolchain.cache / "sysroot"
    assert (sysroot / "libc.a").read_text() == "compiled"
    assert os.readlink(sysroot / "link") == "libc.a"
    (sysroot / "libc.a").write_text("compiled again")
    assert (toolchain.sdk / "emscripten/cache/sysroot/libc.a").read_text() == "compiled"


def test_without_compiled_libraries_the_cache_is_empty(toolchain: Toolchain, store: Store) -> None:
    set_up(toolchain, {}, store)
    assert left(toolchain.cache) == []
    assert left(toolchain.directory) == ["cache", "emscripten.config", "pre_js", "program.c"]


def test_what_was_compiled_meanwhile_is_kept(toolchain: Toolchain, store: Store) -> None:
    prebuilt(toolchain)
    set_up(toolchain, {}, store)
    (toolchain.cache / "sysroot/libc.a").write_text("compiled again")
    (toolchain.cache / "sysroot/libz.a").write_text("compiled")
    set_up(toolchain, {}, store)
    assert (toolchain.cache / "sysroot/libc.a").read_text() == "compiled again"
    assert (toolchain.cache / "sysroot/libz.a").exists()


def test_a_half_copied_cache_is_copied_again(toolchain: Toolchain, store: Store) -> None:
    prebuilt(toolchain)
    (toolchain.directory / "cache.part").mkdir()
    (toolchain.directory / "cache.part/half").write_text("")
    set_up(toolchain, {}, store)
    assert left(toolchain.cache) == ["sysroot"]
    assert left(toolchain.directory) == ["cache", "emscripten.config", "pre_js", "program.c"]


def test_a_port_lies_where_emscripten_looks_with_the_address_it_would_fetch(
    toolchain: Toolchain, zlib: Path, store: Store
) -> None:
    set_up(toolchain, {"zlib": zlib}, store)
    home = toolchain.cache / "ports/zlib"
    assert (home / ".emscripten_url").read_text() == f"{ZLIB_URL}\n"
    assert (home / "zlib-1.2.13/zlib.h").read_text() == "/* zlib */\n"
    assert (home / "zlib-1.2.13/contrib/README").read_text() == "contributed\n"
    assert left(toolchain.cache / "ports") == ["zlib"]


def test_ports_lie_beside_each_other(toolchain: Toolchain, zlib: Path, store: Store) -> None:
    prebuilt(toolchain)
    set_up(toolchain, {"zlib": zlib, "bzip2": zlib}, store)
    assert left(toolchain.cache / "ports") == ["bzip2", "zlib"]
    assert left(toolchain.cache / "ports/bzip2") == [".emscripten_url", "bzip2-1.0.6"]


def test_a_port_is_laid_out_once(toolchain: Toolchain, zlib: Path, store: Store) -> None:
    set_up(toolchain, {"zlib": zlib}, store)
    header = toolchain.cache / "ports/zlib/zlib-1.2.13/zlib.h"
    header.write_text("as Emscripten changed it")
    set_up(toolchain, {"zlib": zlib}, store)
    assert header.read_text() == "as Emscripten changed it"
    assert (zlib / "zlib.h").read_text() == "/* zlib */\n"


def test_a_port_that_is_half_laid_out_is_laid_out_again(toolchain: Toolchain, zlib: Path, store: Store) -> None:
    for name in ("zlib", "zlib.part"):
        (toolchain.cache / "ports" / name).mkdir(parents=True)
        (toolchain.cache / "ports" / name / "half").write_text("")
    set_up(toolchain, {"zlib": zlib}, store)
    assert left(toolchain.cache / "ports") == ["zlib"]
    assert left(toolchain.cache / "ports/zlib") == [".emscripten_url", "zlib-1.2.13"]


def test_a_port_that_emscripten_does_not_know_is_not_laid_out(toolchain: Toolchain, zlib: Path, store: Store) -> None:
    with pytest.raises(Unobtainable, match=r"tools/ports/libffi\.py does not say where the port libffi comes from"):
        set_up(toolchain, {"libffi": zlib}, store)
    assert not (toolchain.cache / "ports").exists()
