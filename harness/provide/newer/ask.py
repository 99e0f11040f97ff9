"""Asks the configured sources for newer versions: upstream's listings, the distribution's archive, pip's index."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from functools import cache, partial

from msgspec.structs import replace

from harness.machine import fetch
from harness.machine.store import Store
from harness.provide import pip_index
from harness.provide.apt import Suite, upstream_part
from harness.provide.newer.offers import (
    CPYTHON_URL,
    Row,
    cpythons,
    emscriptens,
    merged,
    packages_of,
    recomposed,
    wasi_sdks,
)
from harness.provide.pypi import version_inside
from matrix.archives import Archive, ComposedEmscripten, SuitePackage, Wheel
from matrix.errors import MatrixError, Unobtainable
from matrix.files import Sources
from matrix.model import CPython, Runtime, Sdk, SdkFamily
from matrix.pins import newest_of_lines, steps_between, version_of


def cpythons_of(suite: Suite) -> list[CPython]:
    """The CPythons of a suite's source packages, with the hashes of upstream's archives in them."""
    names = [f"python3.{minor}" for minor in range(11, 20)]
    found = []
    for name, versions in suite.versions(names, source=True).items():
        archive = suite.source_archive(name, versions[0])
        version = upstream_part(versions[0])
        if archive is None or not re.fullmatch(r"\d+\.\d+\.\d+", version):
            continue
        ending = "tgz" if archive[0].endswith(".gz") else "tar.xz"
        url = CPYTHON_URL.format(version, ending)
        package = SuitePackage(name=name, suite=suite.name, version=version)
        found.append(
            CPython(version=version, archive=Archive(url=url, sha256={"any": archive[1]}), source_package=package)
        )
    return found


def emscripten_of(suite: Suite) -> list[Sdk]:
    """The Emscripten that can be composed of a suite's packages."""
    versions = suite.versions(["emscripten", "binaryen"])
    llvm = suite.llvm_of("emscripten")
    if llvm is None or len(versions) < 2:
        return []
    emscripten = upstream_part(versions["emscripten"][0])
    version = re.match(r"\d+\.\d+\.\d+", emscripten)
    clang = suite.versions([f"clang-{llvm}"]).get(f"clang-{llvm}")
    if version is None or clang is None:
        return []
    composed = ComposedEmscripten(
        suite=suite.name,
        emscripten=emscripten,
        llvm=llvm,
        llvm_version=upstream_part(clang[0]),
        binaryen=upstream_part(versions["binaryen"][0]),
    )
    family = SdkFamily.EMSCRIPTEN
    return [Sdk(id=f"{family}-{version[0]}", family=family, version=version[0], composed_emscripten=composed)]


class NewerVersions:
    """Asks the sources one after the other for newer rows of the pin files; `failures` says which ones failed."""

    def __init__(self, sources: Sources, store: Store, say: Callable[[str], None]) -> None:
        self.failures: list[str] = []
        self._sources = sources
        self._store = store
        self._say = say
        self._suites: dict[str, Suite | None] = {}

    def _ask(self, what: str, ask: Callable[[], list[Row]]) -> list[Row]:
        self._say(f"looking for {what}")
        try:
            return ask()
        except MatrixError as exc:
            self.failures.append(f"{what}: {exc.message}")
            return []

    def _suite(self, name: str) -> Suite | None:
        if name not in self._suites:
            suite = Suite(name, self._store)
            try:
                suite.refresh(self._say)
                self._suites[name] = suite
            except MatrixError as exc:
                self.failures.append(exc.message)
                self._suites[name] = None
        return self._suites[name]

    def _suites_now(self) -> list[Suite]:
        return [suite for name in self._sources.suites if (suite := self._suite(name)) is not None]

    def sdks(self, pinned: Sequence[Sdk]) -> tuple[Sdk, ...]:
        """The pinned SDKs, composed of the packages that the archive has now, and the newer ones."""
        wasi = self._ask("WASI SDK releases", lambda: wasi_sdks(fetch.read(self._sources.wasi_sdk)))
        upstream = self._ask("Emscripten releases", lambda: emscriptens(fetch.read(self._sources.emscripten)))
        suites = [
            self._ask(f"Emscripten in {suite.name}", partial(emscripten_of, suite)) for suite in self._suites_now()
        ]
        offers, disputed = merged([*wasi, *upstream, *(sdk for found in suites for sdk in found)])
        self.failures += disputed
        node = next((sdk.node for sdk in reversed(pinned) if sdk.node), "")
        news = []
        listed = ((SdkFamily.WASI_SDK, 1, [wasi]), (SdkFamily.EMSCRIPTEN, 2, [upstream, *suites]))
        for family, parts, listings in listed:
            known = [sdk.version for sdk in pinned if sdk.family is family]
            for listing in listings:
                versions = newest_of_lines(known, [sdk.version for sdk in listing], parts=parts)
                news += [offers[id_] for v in versions if (id_ := f"{family}-{v}") in offers]
        newest = self._newest_of(sorted(set().union(*map(packages_of, pinned))))
        rows = {sdk.id: recomposed(sdk, newest, datetime.date.today()) for sdk in pinned}
        rows |= {sdk.id: replace(sdk, node=node if sdk.family is SdkFamily.EMSCRIPTEN else "") for sdk in news}
        return tuple(rows.values())

    def _newest_of(self, packages: Sequence[str]) -> Callable[[str, str], str | None]:
        """A function from a suite and a package to the upstream version there, or None; each suite is asked once."""

        @cache
        def offered(name: str) -> dict[str, list[str]]:
            suite = self._suite(name)
            return suite.versions(packages) if suite is not None else {}

        def newest(name: str, package: str) -> str | None:
            versions = offered(name).get(package)
            return upstream_part(versions[0]) if versions else None

        return newest

    def cpythons(self, pinned: Sequence[CPython]) -> tuple[CPython, ...]:
        """The pinned CPythons and the newer ones."""
        listings = [self._ask("CPython releases", lambda: cpythons(fetch.read(self._sources.cpython)))]
        for suite in self._suites_now():
            listings.append(self._ask(f"CPython in {suite.name}", partial(cpythons_of, suite)))
        offers, disputed = merged([row for listing in listings for row in listing])
        self.failures += disputed
        rows = {row.id: row for row in pinned}
        known = [row.version for row in pinned]
        for listing in listings:
            versions = newest_of_lines(known, [row.version for row in listing], parts=2)
            rows |= {id_: offers[id_] for v in versions if (id_ := f"cpython-{v}") in offers}
        return tuple(rows.values())

    def runtimes(self, pinned: Sequence[Runtime]) -> tuple[Runtime, ...]:
        """The pinned runtimes, the newer ones of pip's index, and what suites have now in place of what they had."""
        rows = {row.id: row for one in pinned for row in [self._repackaged(one)]}
        for name in dict.fromkeys(row.name for row in pinned if row.wheel is not None):
            of_name = sorted((row for row in pinned if row.name == name), key=lambda row: version_of(row.version))
            steps = {row.wheel.version for row in of_name if row.wheel is not None and row.for_bisecting}
            usual = [row for row in of_name if not row.for_bisecting] or of_name
            latest, wheels = usual[-1], [row.wheel for row in usual if row.wheel is not None]
            wheel = wheels[-1]
            self._say(f"looking for {wheel.project} in pip's index")
            try:
                offered = pip_index.versions_of(wheel.project)
                known = [wheel.version for wheel in wheels]
                news = newest_of_lines(known, offered, parts=1)
                missing = steps_between([*known, *news, *steps], offered) if steps else []
                for version in (*news, *missing):
                    row = replace(self._runtime(latest, wheel, version), for_bisecting=version in missing)
                    rows[row.id] = row
            except MatrixError as exc:
                self.failures.append(f"{wheel.project}: {exc.message}")
        return tuple(rows.values())

    def _repackaged(self, row: Runtime) -> Runtime:
        """A runtime with its suite's version of the package that has it; suites keep no older ones."""
        if row.package is None:
            return row
        newest = self._newest_of([row.package.name])(row.package.suite, row.package.name)
        if newest is None or version_of(newest) <= version_of(row.package.version):
            return row
        return replace(row, version=newest, package=replace(row.package, version=newest))

    def _runtime(self, like: Runtime, wheel: Wheel, version: str) -> Runtime:
        new = replace(wheel, version=version, sha256=pip_index.hashes_of(wheel.project, version))
        if not new.sha256:
            raise Unobtainable(f"{wheel.project} {version} has no wheel for this kind of machine")
        said = version_inside(new, self._store) if wheel.command else version
        note = f"the wheel says {version}, the command in it says {said}" if said != version else ""
        return replace(like, version=said, wheel=new, note=note)
