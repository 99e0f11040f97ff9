from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from matrix.archives import Archive
from matrix.errors import ConfigError
from matrix.expand import expand
from matrix.load import load, load_runtimes
from matrix.model import CPython
from matrix.resolve import resolve
from matrix.select import of_options

HASH = "0" * 64

FILES = {
    "targets.toml": """
        [[target]]
        id = "wasi"
        title = "WASI"
        sdk_family = "wasi-sdk"
        runtimes = ["wasmtime"]
        defaults = { sdk = "wasi-sdk-24", cpython = "cpython-3.13.5", runtime = "wasmtime-50.0.1" }
    """,
    "sdks.toml": f"""
        [[sdk]]
        id = "wasi-sdk-24"
        family = "wasi-sdk"
        version = "24"
        archive = {{ url = "https://example.org/sdk.tar.gz", sha256 = {{ x86_64 = "{HASH}" }} }}

        [[sdk]]
        id = "wasi-sdk-16"
        family = "wasi-sdk"
        version = "16"

        [[sdk]]
        id = "emscripten-4.0.0"
        family = "emscripten"
        version = "4.0.0"
    """,
    "cpythons.toml": """
        [[cpython]]
        version = "3.13.5"
    """,
    "series.toml": """
        [[series]]
        sdk_family = "wasi-sdk"
        cpython = ">=3.13"
        host = "wasm32-wasip1"
        program = "python.wasm"
        python_flags = ["-u"]
        resources = ["cpu"]
        verbose = true
        fail_env_changed = true
        timeout = 600.0
        wasm_stack = 8388608
        reference = "https://example.org/"
    """,
    "runtimes.toml": """
        [[runtime]]
        name = "wasmtime"
        version = "50.0.1"
        kind = "embedded"

        [[runtime]]
        name = "node"
        version = "22.0.0"
        kind = "node"
    """,
    "ports.toml": """
        [[port]]
        name = "zlib"
        version = "1.3.1"
    """,
    "rules.toml": """
        [[exclusion]]
        when = { sdk = ["wasi-sdk<20"] }
        reason = "too old"

        [[allowed_to_fail]]
        when = { cpython = [">=3.13"], options = ["debug"] }
        reason = "assertions fail"
        reference = "https://example.org/1"
        expires = 2027-01-31

        [[expected_build_failure]]
        when = { cpython = [">=3.14"] }
        step = "make"
        message = "no such .* file"
        reason = "it is known"
    """,
}

Files = Callable[..., Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Writes a small matrix into a directory, with one passage of one file replaced."""

    def write(name: str = "", old: str = "", new: str = "") -> Path:
        for file, text in FILES.items():
            if file == name:
                assert old in text, "the test replaces what is not there"
                text = text.replace(old, new)
            (tmp_path / file).write_text(text)
        return tmp_path

    return write


def refusal(directory: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(directory)
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_a_small_matrix_loads(files: Files) -> None:
    matrix = load(files())
    assert [cell.id for cell in of_options(expand(matrix)).cells] == ["wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1"]
    assert matrix.sdks[0].archive == Archive(url="https://example.org/sdk.tar.gz", sha256={"x86_64": HASH})


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "problem"),
    [
        ("targets.toml", 'title = "WASI"', 'titel = "WASI"', "target[0]", "titel"),
        ("targets.toml", "defaults = {", "defaults = { node = 1,", "target[0].defaults", "node"),
        ("sdks.toml", 'version = "24"', "version = 24", "sdk[0].version", "int"),
        ("sdks.toml", 'family = "wasi-sdk"', "", "sdk[0]", "family"),
        ("sdks.toml", HASH, "0" * 63, "sdk[0].archive.sha256", "regex"),
        ("sdks.toml", HASH, "G" * 64, "sdk[0].archive.sha256", "regex"),
        ("sdks.toml", "https://example.org", "file://", "sdk[0].archive.url", "regex"),
        ("sdks.toml", 'id = "wasi-sdk-24"', 'id = "../24"', "sdk[0].id", "regex"),
        ("series.toml", '">=3.13"', '">=x"', "series[0].cpython", "'>=x' is not a version range"),
        ("series.toml", '">=3.13"', "3.13", "series[0].cpython", "write a version requirement as a string"),
        ("series.toml", "timeout = 600.0", 'timeout = "long"', "series[0].timeout", "str"),
        ("runtimes.toml", '"embedded"', '"remote"', "runtime[0].kind", "remote"),
        ("rules.toml", '"wasi-sdk<20"', '"wasi-sdk<"', "exclusion[0].when.sdk[0]", "not a version range"),
        ("rules.toml", 'sdk = ["wasi-sdk<20"]', 'skd = ["wasi-sdk<20"]', "exclusion[0].when", "skd"),
        ("rules.toml", 'sdk = ["wasi-sdk<20"]', 'compiler = ["gcc"]', "exclusion[0].when", "field `compiler`"),
        ("rules.toml", "[[exclusion]]", "[[exclusions]]", "unknown field", "exclusions"),
        ("rules.toml", 'reason = "too old"', "", "exclusion[0]", "reason"),
        ("rules.toml", "2027-01-31", '"soon"', "allowed_to_fail[0].expires", "date"),
        ("rules.toml", "2027-01-31", "2027-01-31T08:00:00", "allowed_to_fail[0].expires", "datetime"),
        (
            "rules.toml",
            '"no such .* file"',
            '"no such ( file"',
            "expected_build_failure[0].message",
            "'no such ( file'",
        ),
    ],
)
def test_an_invalid_value_is_refused_with_file_and_key(
    files: Files, file: str, old: str, new: str, key: str, problem: str
) -> None:
    message = refusal(files(file, old, new))
    assert file in message
    assert key in message
    assert problem in message


@pytest.mark.parametrize(
    ("file", "table"),
    [("targets.toml", "target"), ("sdks.toml", "sdk"), ("runtimes.toml", "runtime")],
)
def test_a_duplicate_id_is_refused(files: Files, file: str, table: str) -> None:
    message = refusal(files(file, FILES[file], FILES[file] * 2))
    assert re.search(rf"{file}: {table}\[\d\]: '\S+' is already defined at {table}\[0\]", message)


def test_a_duplicate_cpython_is_refused(files: Files) -> None:
    message = refusal(files("cpythons.toml", "[[cpython]]", '[[cpython]]\nversion = "3.13.5"\n[[cpython]]'))
    assert "cpythons.toml: cpython[1]: 'cpython-3.13.5' is already defined at cpython[0]" in message


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('sdk = "wasi-sdk-24"', 'sdk = "wasi-sdk-23"', "target[0].defaults.sdk: 'wasi-sdk-23'"),
        ('cpython = "cpython-3.13.5"', 'cpython = "3.13.5"', "target[0].defaults.cpython: '3.13.5'"),
        ('"wasmtime-50.0.1"', '"wasmtime-51"', "target[0].defaults.runtime: 'wasmtime-51'"),
        ('runtimes = ["wasmtime"]', 'runtimes = ["wasmer"]', "target[0].runtimes: 'wasmer'"),
    ],
)
def test_an_undefined_name_is_refused(files: Files, old: str, new: str, key: str) -> None:
    message = refusal(files("targets.toml", old, new))
    assert f"targets.toml: {key} is not defined; there are: " in message


def test_a_duplicate_port_is_refused(files: Files) -> None:
    message = refusal(files("ports.toml", FILES["ports.toml"], FILES["ports.toml"] * 2))
    assert "ports.toml: port[1]: 'zlib' is already defined at port[0]" in message


def test_a_duplicate_library_is_refused(files: Files) -> None:
    row = '[[library]]\nname = "libffi"\nversion = "3.4.6"\n'
    other = row.replace("3.4.6", "3.4.8")
    assert [library.id for library in load(files("ports.toml", "[[port]]", row + other + "[[port]]")).libraries] == [
        "libffi-3.4.6",
        "libffi-3.4.8",
    ]
    message = refusal(files("ports.toml", "[[port]]", row + other + row + "[[port]]"))
    assert "ports.toml: library[2]: 'libffi-3.4.6' is already defined at library[0]" in message


def test_a_library_of_a_series_that_is_not_defined_is_refused(files: Files) -> None:
    message = refusal(files("series.toml", "timeout", 'libraries = { libffi = "3.4.6" }\ntimeout'))
    assert "series.toml: series[0].libraries.libffi: 'libffi-3.4.6' is not defined" in message


def test_an_undefined_node_is_refused(files: Files) -> None:
    message = refusal(files("sdks.toml", 'version = "24"', 'version = "24"\nnode = "node-1.0"'))
    assert "sdks.toml: sdk[0].node: 'node-1.0' is not defined; there are: node-22.0.0, wasmtime-50.0.1" in message


def test_a_missing_file_is_named(files: Files) -> None:
    directory = files()
    (directory / "rules.toml").unlink()
    assert re.search(r"rules\.toml: cannot be read: No such file", refusal(directory))


def test_invalid_toml_is_refused_with_file_and_line(files: Files) -> None:
    message = refusal(files("runtimes.toml", "[[runtime]]", "[[runtime]"))
    assert re.search(r"runtimes\.toml: not TOML: .*line 2", message)


def test_invalid_utf8_is_refused_with_the_file(files: Files) -> None:
    directory = files()
    (directory / "sdks.toml").write_bytes(b"# \xff")
    assert "sdks.toml: not TOML" in refusal(directory)


# --- rules


@pytest.mark.parametrize(
    ("old", "new", "key", "near"),
    [
        ('sdk = ["wasi-sdk<20"]', 'target = ["wasm"]', "exclusion[0].when.target[0]: 'wasm'", "wasi"),
        ('"wasi-sdk<20"', '"wasi-sdk<16"', "exclusion[0].when.sdk[0]: 'wasi-sdk<16'", "wasi-sdk-16"),
        ('"wasi-sdk<20"', '"wasi-sdk<20", "wasi-sdk-1?", "15"', "exclusion[0].when.sdk[2]: '15'", "wasi-sdk-16"),
        ('[">=3.13"]', '["3.13.6"]', "allowed_to_fail[0].when.cpython[0]: '3.13.6'", "cpython-3.13.5"),
        ('[">=3.13"]', '["<3.13"]', "allowed_to_fail[0].when.cpython[0]: '<3.13'", "cpython-3.13.5"),
        ('["debug"]', '["debgu"]', "allowed_to_fail[0].when.options[0]: 'debgu'", "debug"),
        ('["debug"]', '["debug"], runtime = ["wasmtime>=51"]', "allowed_to_fail[0].when.runtime[0]", "wasmtime-50.0.1"),
        ('cpython = [">=3.14"]', 'runtime = ["wasmtime"]', "expected_build_failure[0].when.runtime", "leave it out"),
    ],
)
def test_a_rule_that_matches_nothing_is_refused_with_similar_names(
    files: Files, old: str, new: str, key: str, near: str
) -> None:
    message = refusal(files("rules.toml", old, new))
    assert "rules.toml: " in message
    assert key in message
    assert near in message


@pytest.mark.parametrize("new", ['sdk = ["emscripten"], target = ["wasi"]', 'sdk = ["16"], runtime = ["node"]'])
def test_a_rule_whose_parts_exclude_each_other_is_refused(files: Files, new: str) -> None:
    message = refusal(files("rules.toml", 'sdk = ["wasi-sdk<20"]', new))
    assert "rules.toml: exclusion[0].when: no combination of the matrix meets all parts of it" in message


@pytest.mark.parametrize("new", ['sdk = ["16", "24"]', 'sdk = ["*"], cpython = ["3.13", ">=3.15"]', ""])
def test_a_rule_may_match_rejected_combinations_and_versions_of_users_trees(files: Files, new: str) -> None:
    assert load(files("rules.toml", 'sdk = ["wasi-sdk<20"]', new)).exclusions[0].reason == "too old"


def test_rules_apply_to_trees_that_are_added_later(files: Files) -> None:
    matrix = load(files("rules.toml", 'sdk = ["wasi-sdk<20"]', 'sdk = ["24"], cpython = [">=3.15"]'))
    tree = CPython(version="3.15.0", directory=Path("tree"))
    expansion = of_options(expand(replace(matrix, cpythons=(*matrix.cpythons, tree))))
    assert "wasi_wasi-sdk-24_cpython-3.15.0-tree_wasmtime-50.0.1" in {each.cell.id for each in expansion.rejected}


def test_a_cell_that_is_allowed_to_fail_names_its_rule(files: Files) -> None:
    matrix = load(files())
    allowed = {cell.id: resolve(matrix, cell).allowance for cell in expand(matrix).cells}
    (rule,) = matrix.allowed_to_fail
    assert allowed == {
        "wasi_wasi-sdk-24_cpython-3.13.5_wasmtime-50.0.1": None,
        "wasi_wasi-sdk-24_cpython-3.13.5_debug_wasmtime-50.0.1": rule,
    }
    assert (rule.reason, rule.reference) == ("assertions fail", "https://example.org/1")


@pytest.mark.parametrize(("today", "expired"), [("2027-01-31", []), ("2027-02-01", ["allowed_to_fail[0]"])])
def test_a_rule_has_expired_on_the_day_after_its_review_date(files: Files, today: str, expired: list[str]) -> None:
    assert list(load(files()).expired(date.fromisoformat(today))) == expired


def test_an_exclusion_may_expire_too(files: Files) -> None:
    directory = files("rules.toml", 'reason = "too old"', 'reason = "too old"\nexpires = 2026-12-01')
    assert list(load(directory).expired(date(2027, 2, 1))) == ["exclusion[0]", "allowed_to_fail[0]"]


def test_a_build_failure_is_shown_by_its_step_and_message(files: Files) -> None:
    failure = load(files()).expected_build_failures[0]
    assert failure.is_shown_by("make", "cc: no such header file\n")
    assert not failure.is_shown_by("configure", "cc: no such header file\n")
    assert not failure.is_shown_by("make", "all is well")


BROWSERS = """
        [[runtime]]
        name = "a-browser"
        version = "installed"
        kind = "browser"

        [runtime.browser]
        commands = ["a"]
        run = ["{profile}", "{url}"]
        says = "^A "
        debian = "a"

        [[runtime]]
        name = "another"
        version = "installed"
        kind = "browser"
        like = "a-browser"
        without = ["SharedArrayBuffer"]
    """
NODE = 'kind = "node"\n'


def test_a_runtime_that_is_like_another_has_its_browser(files: Files) -> None:
    directory = files("runtimes.toml", NODE, NODE + BROWSERS)
    _, _, first, second = load(directory).runtimes
    assert first.browser is not None
    assert (second.browser, second.without, first.without) == (first.browser, ("SharedArrayBuffer",), ())
    assert [row.browser for row in load_runtimes(directory)] == [None, None, first.browser, None]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('like = "a-browser"', 'like = "node"', "runtime[3] (another).like: 'node' is not defined; there are: a-brow"),
        ('like = "a-browser"', "", "runtime[3] (another): kind browser, and no other, has a table [runtime.browser]"),
        ("[runtime.browser]", 'like = "another"\n[runtime.browser]', "runtime[2] (a-browser): it has a table"),
        (
            'kind = "browser"\n        like',
            'kind = "node"\n        like',
            "(another): only kind browser has",
        ),
    ],
)
def test_a_runtime_that_cannot_be_like_another_is_refused(files: Files, old: str, new: str, said: str) -> None:
    assert old in BROWSERS
    assert said in refusal(files("runtimes.toml", NODE, NODE + BROWSERS.replace(old, new, 1)))
