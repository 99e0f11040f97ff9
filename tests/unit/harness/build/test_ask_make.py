from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.build import ask_make
from harness.build.step import Step

PRINTED = """\
#define __wasm32__ 1
#define __EMSCRIPTEN_major__ 6
#define __DBL_DIG__ 15
#define __SIZEOF_POINTER__ 4
#define __clang_version__ "19.1.7 (3~deb12u1)"
#define __wasm_simd128__ 1
#define EMSCRIPTEN
#define _WASI_EMULATED_SIGNAL
#define __INT64_C(c) c##LL
emcc: warning: something
"""


def test_the_platforms_macros_are_chosen_and_the_compilers_others_are_not() -> None:
    assert ask_make.chosen_macros(PRINTED) == {
        "EMSCRIPTEN": "",
        "_WASI_EMULATED_SIGNAL": "",
        "__EMSCRIPTEN_major__": "6",
        "__SIZEOF_POINTER__": "4",
        "__clang_version__": '"19.1.7 (3~deb12u1)"',
        "__wasm32__": "1",
        "__wasm_simd128__": "1",
    }


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that are run; each prints the macros."""
    commands: list[tuple[str, ...]] = []

    def capture(argv: tuple[str, ...], *, env: dict[str, str], **_: Any) -> str:
        commands.append(argv)
        if "BUILD_DETAILS" in env:
            Path(env["BUILD_DETAILS"]).write_text('{"schema_version": "1.0"}\n')
        return PRINTED

    monkeypatch.setattr(ask_make, "capture", capture)
    return commands


def make(work: Path, *argv: str) -> Step:
    return Step(name="make", title="make python.wasm", argv=argv, jobs=8, cwd=work, env={"EM_CONFIG": "x"})


def test_the_builds_own_make_is_asked_with_what_calls_it(asked: list[tuple[str, ...]], tmp_path: Path) -> None:
    assert ask_make.predefined_macros(make(tmp_path, "emmake", "make", "-s", "all"))["__wasm32__"] == "1"
    (words,) = asked
    assert words[:3] == ("emmake", "make", "-s")
    assert "all" not in words
    assert "-j8" not in words
    assert words[3:6] == ("--no-print-directory", "-o", "Makefile")
    assert "$(CC) $(PY_CORE_CFLAGS) -dM -E" in words[6]
    assert words[6].startswith(f"--eval={words[7]}:")


def test_the_details_are_asked_of_trees_that_can_make_them(asked: list[tuple[str, ...]], tmp_path: Path) -> None:
    work = tmp_path / "cross-build/wasm32-wasip1"
    work.mkdir(parents=True)
    assert ask_make.build_details(make(work, "make", "all")) == ""
    assert asked == []
    script = tmp_path / "Tools/build/generate-build-details.py"
    script.parent.mkdir(parents=True)
    script.touch()
    assert ask_make.build_details(make(work, "make", "all")) == '{"schema_version": "1.0"}\n'
    assert 'generate-build-details.py "$$BUILD_DETAILS"' in " ".join(asked[0])
