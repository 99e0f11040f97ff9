"""Node's own WASI, `node:wasi`. A script in Node calls it for each guest (`node_wasi.js`).

It opens what lies below the preopened directories, and all of it for writing. Where the kernel has Landlock, the guest
writes to its own directories only (`confine.py`), which also raises the limit on the stack of Node's main thread, on
which the guest runs. V8 limits the guest's memory. V8's code is kept as under `node.py`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.guests.adapter import GuestRun, HostCommand
from harness.guests.guest_files import GuestFiles, private_root
from harness.guests.runtimes.confine import confined
from harness.guests.runtimes.node import Node
from matrix import json_records

HOST = Path(__file__).parent / "node_wasi.js"
_BESIDE = 16 << 20
"""bytes of the main thread's stack for Node itself"""


class NodeWasiSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `node_wasi.js` gets, as JSON."""

    module: str
    compiled: str
    """the file with V8's code; "" for none"""
    argv: tuple[str, ...]
    env: dict[str, str]
    preopens: tuple[tuple[str, str], ...]
    """the path in the guest and the path on the host"""


class NodeWasi(Node):
    """`node:wasi` of one version of Node."""

    def lay_out(self, tree: Path, build: str, directory: Path) -> GuestFiles:
        return private_root(tree, build, directory)

    def command(self, run: GuestRun, compiled: Path, scratch: Path) -> HostCommand:
        kept = compiled != run.wasm
        spec = NodeWasiSpec(
            module=str(run.wasm),
            compiled=str(compiled) if kept else "",
            argv=run.argv,
            env=run.env,
            preopens=tuple((preopen.guest, str(preopen.host)) for preopen in run.preopens),
        )
        # Node says that its WASI is experimental.
        words = (*self._options(run, kept=kept), "--no-warnings", str(HOST), json_records.encode(spec).decode())
        argv = (str(self._node), *words)
        return HostCommand(argv=confined(argv, run.writable, stack=run.wasm_stack + _BESIDE))

    def _options(self, run: GuestRun, *, kept: bool) -> tuple[str, ...]:
        # In V8's fast calls of node:wasi garbage may be collected, which corrupts V8's memory: guests that use much
        # memory end with SIGABRT or worse. https://github.com/nodejs/node/issues/46777
        own = ("--no-turbo-fast-api-calls", f"--stack-size={run.wasm_stack >> 10}")
        return (*super()._options(run, kept=kept), *own)
