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
from matrix.load import load
from matrix.model import CPython, Matrix, RuntimeKind, SdkFamily
from matrix.resolve import resolve
from matrix.select import of_options
from tests.unit import made

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
        config_site = "Tools/wasm/config.site-wasm32-wasi"
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
def test_what_does_not_fit_is_refused_by_file_and_key(
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
def test_an_id_that_stands_twice_is_refused(files: Files, file: str, table: str) -> None:
    message = refusal(files(file, FILES[file], FILES[file] * 2))
    assert re.search(rf"{file}: {table}\[\d\]: '\S+' is already defined at {table}\[0\]", message)


def test_a_cpython_that_stands_twice_is_refused(files: Files) -> None:
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
def test_a_name_of_nothing_is_refused(files: Files, old: str, new: str, key: str) -> None:
    message = refusal(files("targets.toml", old, new))
    assert f"targets.toml: {key} is not defined; there are: " in message


def test_a_port_that_stands_twice_is_refused(files: Files) -> None:
    message = refusal(files("ports.toml", FILES["ports.toml"], FILES["ports.toml"] * 2))
    assert "ports.toml: port[1]: 'zlib' is already defined at port[0]" in message


def test_a_node_that_is_no_runtime_is_refused(files: Files) -> None:
    message = refusal(files("sdks.toml", 'version = "24"', 'version = "24"\nnode = "node-1.0"'))
    assert "sdks.toml: sdk[0].node: 'node-1.0' is not defined; there are: node-22.0.0, wasmtime-50.0.1" in message


def test_a_missing_file_is_named(files: Files) -> None:
    directory = files()
    (directory / "rules.toml").unlink()
    assert re.search(r"rules\.toml: cannot be read: No such file", refusal(directory))


def test_what_is_no_toml_is_named_with_its_line(files: Files) -> None:
    message = refusal(files("runtimes.toml", "[[runtime]]", "[[runtime]"))
    assert re.search(r"runtimes\.toml: not TOML: .*line 2", message)


def test_what_is_no_utf8_is_named(files: Files) -> None:
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
def test_a_rule_that_matches_nothing_is_refused_with_what_is_near(
    files: Files, old: str, new: str, key: str, near: str
) -> None:
    message = refusal(files("rules.toml", old, new))
    assert "rules.toml: " in message
    assert key in message
    assert near in message


@pytest.mark.parametrize("new", ['sdk = ["emscripten"], target = ["wasi"]', 'sdk = ["16"], runtime = ["node"]'])
def test_a_rule_whose_parts_do_not_go_together_is_refused(files: Files, new: str) -> None:
    message = refusal(files("rules.toml", 'sdk = ["wasi-sdk<20"]', new))
    assert "rules.toml: exclusion[0].when: no combination of the matrix meets all parts of it" in message


@pytest.mark.parametrize("new", ['sdk = ["16", "24"]', 'sdk = ["*"], cpython = ["3.13", ">=3.15"]', ""])
def test_a_rule_may_match_what_is_rejected_and_trees_that_may_be_named(files: Files, new: str) -> None:
    assert load(files("rules.toml", 'sdk = ["wasi-sdk<20"]', new)).exclusions[0].reason == "too old"


def test_trees_that_are_added_later_meet_rules(files: Files) -> None:
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
def test_a_rule_has_expired_on_the_day_after(files: Files, today: str, expired: list[str]) -> None:
    assert list(load(files()).expired(date.fromisoformat(today))) == expired


def test_an_exclusion_may_expire_too(files: Files) -> None:
    directory = files("rules.toml", 'reason = "too old"', 'reason = "too old"\nexpires = 2026-12-01')
    assert list(load(directory).expired(date(2027, 2, 1))) == ["exclusion[0]", "allowed_to_fail[0]"]


# --- the project's own data


@pytest.fixture(scope="module")
def real() -> Matrix:
    return load()


def test_each_targets_default_is_a_cell(real: Matrix) -> None:
    made_cells = {(c.build.target.id, c.build.sdk.id, c.build.cpython.id, c.runtime.id) for c in expand(real).cells}
    for target in real.targets:
        defaults = target.defaults
        assert (target.id, defaults.sdk, defaults.cpython, defaults.runtime) in made_cells


def test_the_ids_of_cells_are_unique(real: Matrix) -> None:
    ids = [cell.id for cell in expand(real).cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("family", SdkFamily)
def test_each_cpython_falls_into_one_series_of_a_family(real: Matrix, family: SdkFamily) -> None:
    for cpython in real.cpythons:
        covering = [s for s in real.series if s.sdk_family is family and s.cpython.matches("cpython", cpython.version)]
        assert len(covering) == 1, cpython.version


def test_each_release_archive_is_pinned_for_x86_64(real: Matrix) -> None:
    archives = [item.archive for item in real.sdks] + [item.archive for item in real.cpythons]
    for archive in filter(None, archives):
        assert archive.for_machine("x86_64")[1], archive.url


def test_each_emscripten_is_run_with_a_node_that_is_there(real: Matrix) -> None:
    sdks = [sdk for sdk in real.sdks if sdk.family is SdkFamily.EMSCRIPTEN]
    assert sdks
    for sdk in sdks:
        assert real.runtime(sdk.node).kind is RuntimeKind.NODE, sdk.id


def test_only_an_emscripten_names_a_node(real: Matrix) -> None:
    assert {sdk.family for sdk in real.sdks if sdk.node} == {SdkFamily.EMSCRIPTEN}


def test_each_ports_sources_are_pinned_wherever_they_come_from(real: Matrix) -> None:
    assert {port.name for port in real.ports} == {"zlib", "bzip2"}
    for port in real.ports:
        assert port.archive is not None
        assert port.archive.for_machine("any machine")[1], port.id
        assert port.version in port.archive.url
        assert port.source_package is not None
        assert port.source_package.version.endswith(port.version)


def test_a_repacked_source_package_of_a_port_has_a_hash_of_its_own(real: Matrix) -> None:
    for port in real.ports:
        assert port.source_package is not None
        assert (port.source_sha256 is not None) is ("dfsg" in port.source_package.version), port.id


# --- what the model derives


def test_an_archives_url_has_upstreams_name_of_the_machine() -> None:
    archive = Archive(
        url="https://example.org/sdk-{machine}.tar.gz", sha256={"aarch64": HASH}, machines={"aarch64": "arm64"}
    )
    assert archive.for_machine("aarch64") == ("https://example.org/sdk-arm64.tar.gz", HASH)


def test_an_archive_has_no_hash_for_a_machine_that_is_not_pinned() -> None:
    archive = Archive(url="https://example.org/sdk-{machine}.tar.gz", sha256={"aarch64": HASH})
    assert archive.for_machine("x86_64") == ("https://example.org/sdk-x86_64.tar.gz", None)


def test_an_archive_for_any_machine_has_one_hash() -> None:
    archive = Archive(url="https://example.org/cpython.tar.xz", sha256={"any": HASH})
    assert archive.for_machine("riscv64") == ("https://example.org/cpython.tar.xz", HASH)


def test_a_tree_of_the_users_has_its_name_in_the_id(tmp_path: Path) -> None:
    assert CPython(version="3.15.0a2", directory=tmp_path / "my tree").id == "cpython-3.15.0a2-my-tree"


def test_a_debug_build_is_another_build() -> None:
    assert made.build(debug=True).id == made.build().id + "_debug"


def test_a_build_failure_is_shown_by_its_step_and_message(files: Files) -> None:
    failure = load(files()).expected_build_failures[0]
    assert failure.is_shown_by("make", "cc: no such header file\n")
    assert not failure.is_shown_by("configure", "cc: no such header file\n")
    assert not failure.is_shown_by("make", "all is well")
