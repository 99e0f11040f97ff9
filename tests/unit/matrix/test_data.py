"""The project's own matrix."""

from __future__ import annotations

import pytest

from matrix.expand import expand
from matrix.load import load
from matrix.model import Matrix, RuntimeKind, SdkFamily
from matrix.resolve import resolve


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
def test_exactly_one_series_of_each_family_covers_each_cpython(real: Matrix, family: SdkFamily) -> None:
    for cpython in real.cpythons:
        covering = [s for s in real.series if s.sdk_family is family and s.cpython.matches("cpython", cpython.version)]
        assert len(covering) == 1, cpython.version


def test_each_release_archive_is_pinned_for_x86_64(real: Matrix) -> None:
    archives = [item.archive for item in real.sdks] + [item.archive for item in real.cpythons]
    for archive in filter(None, archives):
        assert archive.for_machine("x86_64")[1], archive.url


def test_each_emscripten_names_a_node_that_is_defined(real: Matrix) -> None:
    sdks = [sdk for sdk in real.sdks if sdk.family is SdkFamily.EMSCRIPTEN]
    assert sdks
    for sdk in sdks:
        assert real.runtime(sdk.node).kind is RuntimeKind.NODE, sdk.id


def test_only_an_emscripten_names_a_node(real: Matrix) -> None:
    assert {sdk.family for sdk in real.sdks if sdk.node} == {SdkFamily.EMSCRIPTEN}


def test_the_parts_of_wasi_sdks_are_in_the_order_of_their_versions(real: Matrix) -> None:
    """Conditions name an SDK's version where they mean its clang or wasi-libc: docs/explanation/judging.md."""
    sdks = sorted((sdk for sdk in real.sdks if sdk.family is SdkFamily.WASI_SDK), key=lambda sdk: int(sdk.version))
    released = [sdk.wasi_libc for sdk in sdks if sdk.wasi_libc]
    composed = [sdk.composed for sdk in sdks if sdk.composed]
    for parts in (released, [one.libc.version for one in composed], [one.llvm for one in composed]):
        assert len(parts) > 3
        assert parts == sorted(parts)


def test_the_sources_of_each_port_are_pinned_for_each_provider(real: Matrix) -> None:
    assert {port.name for port in real.ports} == {"zlib", "bzip2"}
    for port in real.ports:
        assert port.archive is not None
        assert port.archive.for_machine("any machine")[1], port.id
        assert port.version in port.archive.url
        assert port.source_package is not None
        assert port.source_package.version.endswith(port.version)


def test_a_repacked_source_package_has_its_own_hash(real: Matrix) -> None:
    for port in real.ports:
        assert port.source_package is not None
        assert (port.source_sha256 is not None) is ("dfsg" in port.source_package.version), port.id


def test_each_library_that_a_series_names_can_be_had_from_upstream_and_the_distribution(real: Matrix) -> None:
    assert {name for series in real.series for name in series.libraries} == {"libffi", "mpdec"}
    for library in real.libraries:
        assert library.archive is not None
        assert library.archive.for_machine("any machine")[1], library.id
        assert library.version in library.archive.url
        if library.source_package is not None:
            assert library.source_package.version == library.version
    for name in ("libffi", "mpdec"):
        assert any(library.source_package for library in real.libraries if library.name == name)


def test_every_emscripten_from_3_1_8_on_is_pinned_with_a_hash() -> None:
    sdks = {sdk.version: sdk for sdk in load().sdks if sdk.family is SdkFamily.EMSCRIPTEN}
    steps = [f"3.1.{patch}" for patch in range(8, 75)] + [f"4.0.{patch}" for patch in range(24)]
    steps += [f"5.0.{patch}" for patch in range(8)] + [f"6.0.{patch}" for patch in range(9)]
    for version in steps:
        archive = sdks[version].archive
        assert archive is not None
        assert archive.for_machine("x86_64")[1], version


def test_every_wasi_sdk_from_16_on_is_pinned_but_those_without_a_known_hash(real: Matrix) -> None:
    sdks = {int(sdk.version): sdk for sdk in real.sdks if sdk.family is SdkFamily.WASI_SDK}
    assert set(range(16, 35)) - set(sdks) == {18, 23}
    for version, sdk in sdks.items():
        assert sdk.archive is not None
        machines = {"x86_64": "x86_64", "aarch64": "arm64"} if version >= 24 else {"x86_64": ""}
        assert set(sdk.archive.sha256) == set(machines)
        for machine, name in machines.items():
            url, _ = sdk.archive.for_machine(machine)
            assert url.endswith(f"/wasi-sdk-{version}/wasi-sdk-{version}.0-{name}-linux.tar.gz".replace("--", "-"))


def test_every_wasmtime_from_30_on_is_pinned_and_those_for_bisecting_are_no_defaults(real: Matrix) -> None:
    steps = {row.id for row in real.runtimes if row.for_bisecting}
    majors = {int(row.version.split(".")[0]) for row in real.runtimes if row.name == "wasmtime"}
    assert majors >= set(range(30, 51))
    assert {f"wasmtime-{major}.0.0" for major in (30, 37, 48)} <= steps
    assert not steps & {target.defaults.runtime for target in real.targets}


def test_each_pinned_hash_belongs_to_one_archive_alone(real: Matrix) -> None:
    hashes = [sha256 for sdk in real.sdks if sdk.archive is not None for sha256 in sdk.archive.sha256.values()]
    assert len(set(hashes)) == len(hashes)


def test_python_may_hang_on_exit_with_wasi_sdk_26_and_27_alone(real: Matrix) -> None:
    cells = [cell for cell in expand(real).cells if cell.build.sdk.family is SdkFamily.WASI_SDK]
    allowed = {cell.build.sdk.version for cell in cells if resolve(real, cell).allowance is not None}
    assert allowed == {"26", "27"}
