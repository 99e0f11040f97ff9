"""A runtime's command from the distribution's packages: the command with the libraries that it needs.

The packages come from a newer suite than the machine's, with a newer libc. So the suite's own loader starts the command
(ld.so(8)), and the loader and the libraries lie beside it: no root, no change to the system.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from harness.machine.command import CommandFailed, ask
from harness.machine.store import Store
from harness.provide.apt import Suite, choose, current
from harness.provide.composed import Composed, Parts, copy_libraries
from matrix.archives import SuitePackage
from matrix.commands import CommandLine

_LIBRARIES = re.compile(r"^(lib(?!c-gconv)|zlib1g)")
"""the packages with libraries, which those that a command depends on are"""
_WRAPPER = """\
#!/bin/sh
# Made by the harness: the command lies in bin/, its libraries and their loader in lib/.
here=${{0%/*}}
exec "$here/lib/{loader}" --library-path "$here/lib" "$here/bin/{command}" "$@"
"""


class PackagedCommand(Composed):
    """The command that has the name of its package."""

    def __init__(self, item: str, package: SuitePackage, line: CommandLine) -> None:
        super().__init__(item, {package.name: package.version}, day=package.seen)
        self._package = package
        self._line = line

    @property
    def _version(self) -> str:
        return self._parts[self._package.name]

    def locate(self, entry: Path) -> Path:
        return entry / self._package.name

    def _content_key(self) -> str:
        return "\0".join([self._version, _WRAPPER])

    def _suite_names(self) -> tuple[str, ...]:
        return (self._package.suite,)

    def _detail(self) -> str:
        return f"{self._package.name} {self._version} of {self._package.suite}"

    def _current(self, store: Store) -> Parts:
        package = self._package
        suites = self._suites(store, self._suite_names())
        return {package.name: current(suites, package.name, self._wanted[package.name])}

    def _packages(self, store: Store) -> dict[Suite, list[str]]:
        wanted = {self._package.name: self._version}
        suites = self._suites(store, self._suite_names())
        for suite in suites:
            libraries = suite.needed_by(list(wanted), _LIBRARIES)
            # Names that other packages only provide are not packages themselves.
            wanted |= dict.fromkeys(suite.versions(libraries), "") if libraries else {}
        return choose(suites, wanted)

    def _arrange(self, root: Path, sdk: Path, final: Path) -> None:
        name = self._package.name
        libraries = sdk / "lib"
        libraries.mkdir()
        for place in (*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*")):
            copy_libraries(place, libraries)
        (sdk / "bin").mkdir()
        shutil.copy2(root / "usr/bin" / name, sdk / "bin" / name)
        loader = next((path.name for path in libraries.glob("ld-linux*.so.*")), "")
        wrapper = sdk / name
        wrapper.write_text(_WRAPPER.format(loader=loader, command=name))
        wrapper.chmod(0o755)

    def _missing(self, directory: Path) -> list[str]:
        try:
            ask([str(directory / self._package.name), *self._line.version])
        except CommandFailed as exc:
            return [exc.output.strip() or "what the command needs to start"]
        return []
