"""Runs one guest with the wasmtime package. It is a script and imports nothing of the harness but `confine.py`.

    host.py SPEC              run the guest and exit with its status
    host.py --compile SPEC    compile the module into the file that SPEC calls `compiled`

SPEC is the JSON of `wasmtime_embedded.EmbeddedHostSpec`. The exit status is 134 after a trap, as that of wasmtime's
CLI, and 125 when this script itself fails.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import traceback
from typing import Any

BESIDE = os.path.dirname(__file__)  # Python removes __file__ when the main thread has started the other one
TRAPPED = 134
FAULT = 125


def engine_of(spec: dict[str, Any]) -> Any:
    import wasmtime
    from wasmtime import _bindings

    config = wasmtime.Config()
    # wasmtime aborts when max_wasm_stack is larger than the async stack, so enlarge that first. The package has
    # no Python function for it: https://docs.wasmtime.dev/c-api/config_8h.html
    stack = spec["wasm_stack"]
    _bindings.wasmtime_config_async_stack_size_set(config.ptr(), 2 * stack)
    config.max_wasm_stack = stack
    return wasmtime.Engine(config)


def module_of(spec: dict[str, Any], engine: Any) -> Any:
    import wasmtime

    return wasmtime.Module.deserialize_file(engine, spec["compiled"])


def compile_module(spec: dict[str, Any]) -> None:
    import wasmtime

    module = wasmtime.Module.from_file(engine_of(spec), spec["module"])
    with open(spec["compiled"], "wb") as file:
        file.write(module.serialize())


def run(spec: dict[str, Any]) -> int:
    import wasmtime

    engine = engine_of(spec)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    store.set_limits(memory_size=spec["memory_limit"])
    wasi = wasmtime.WasiConfig()
    wasi.argv = spec["argv"]
    wasi.env = spec["env"]
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for host, guest in spec["preopens"]:
        wasi.preopen_dir(host, guest)
    store.set_wasi(wasi)
    start: Any = linker.instantiate(store, module_of(spec, engine)).exports(store)["_start"]
    try:
        start(store)
    except wasmtime.ExitTrap as exc:
        return exc.code
    except (wasmtime.Trap, wasmtime.WasmtimeError) as exc:
        print(f"the guest trapped: {exc}", file=sys.stderr, flush=True)
        return TRAPPED
    return 0


def main() -> int:
    spec = json.loads(sys.argv[-1])
    sys.path.insert(0, spec["site"])
    if spec["cpu"] is not None:
        os.sched_setaffinity(0, {spec["cpu"]})
    if spec["writable"] is not None:
        sys.path.append(BESIDE)
        importlib.import_module("confine").restrict_writes(spec["writable"])
    if sys.argv[1] == "--compile":
        compile_module(spec)
        return 0
    return run(spec)


def exit_with_main() -> None:
    try:
        status = main()
    except BaseException:
        traceback.print_exc()
        status = FAULT
    sys.stderr.flush()
    os._exit(status)  # nothing is left to finalise, and freeing the engine takes a while


if __name__ == "__main__":
    # The guest runs on this thread's stack and may use `wasm_stack` bytes of it.
    threading.stack_size(json.loads(sys.argv[-1])["wasm_stack"] + (16 << 20))
    threading.Thread(target=exit_with_main).start()
