"""Sets an Emscripten SDK up: its configuration, its cache, and the sources of its ports.

Emscripten downloads the sources of a port when it first compiles it. It uses sources that are already in its cache,
beside a note of the address that it would have downloaded. So ports are obtained by providers, like everything else.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.build.recipes.emscripten import Toolchain
from harness.machine.files import remove_tree, says, write_atomically
from harness.machine.store import Store
from matrix.errors import Unobtainable

PRE_JS = Path(__file__).parent / "pre_js"
"""the scripts that repairs name: parts of programs, not of the harness"""
_PROGRAM = b"int main(void) { return 0; }\n"
_MARKER = ".emscripten_url"


def set_up(toolchain: Toolchain, ports: Mapping[str, Path], store: Store) -> None:
    """Lay out what the toolchain's plans need; `ports` are source directories by the port's name.

    Raises Unobtainable when this Emscripten has no port of that name, or describes it in an unknown form.
    """
    with store.lock(f"toolchain-{toolchain.directory.name}"):
        write_atomically(toolchain.config, toolchain.configuration().encode())
        write_atomically(toolchain.program, _PROGRAM)
        toolchain.pre_js.mkdir(exist_ok=True)
        for script in PRE_JS.glob("*.js"):
            write_atomically(toolchain.pre_js / script.name, script.read_bytes())
        prebuilt = toolchain.sdk / "emscripten/cache"
        if not toolchain.cache.exists():
            partial = toolchain.cache.with_suffix(".part")
            remove_tree(partial)
            if prebuilt.is_dir():
                shutil.copytree(prebuilt, partial, symlinks=True)
            else:
                partial.mkdir()
            partial.rename(toolchain.cache)
        for name, source in ports.items():
            _plant(name, source, toolchain)


def _plant(name: str, source: Path, toolchain: Toolchain) -> None:
    script = toolchain.sdk / f"emscripten/tools/ports/{name}.py"
    directory, url = wanted_port(name, script)
    home = toolchain.cache / "ports" / name
    planted = toolchain.directory / f"port-{name}"
    if (home / _MARKER).is_file() and says(planted, f"{url}\n{source}\n"):
        return
    partial = home.with_suffix(".part")
    remove_tree(partial)
    remove_tree(home)
    partial.mkdir(parents=True)
    shutil.copytree(source, partial / directory)
    (partial / _MARKER).write_text(f"{url}\n")
    partial.rename(home)
    write_atomically(planted, f"{url}\n{source}\n".encode())


def wanted_port(name: str, script: Path) -> tuple[str, str]:
    """The directory and the address of a port's sources, from Emscripten's own description of the port.

    Raises Unobtainable when they cannot be read from it.
    """
    text = script.read_text("utf-8", "replace") if script.is_file() else ""
    version = re.search(r"^VERSION = '([^']+)'", text, re.MULTILINE)
    fetch = re.search(rf"fetch_project\('{name}', (f?'[^']*'(?: \+ VERSION \+ '[^']*')?)[,)]", text)
    url = ""
    if version is not None and fetch is not None:
        url = re.sub(r"' \+ VERSION \+ '|\{VERSION\}", version[1], fetch[1]).removeprefix("f").strip("'")
    if version is None or not url or "{" in url:
        raise Unobtainable(
            f"{script} does not say where the port {name} comes from",
            hint="this Emscripten describes its ports in another form: teach it to harness/build/toolchain.py",
        )
    return f"{name}-{version[1]}", url
