"""The machine is wasm64."""

import json
import os

machine = os.uname().machine
if machine.startswith("wasm"):
    print(json.dumps({"holds": machine != "wasm64", "saw": f"the machine is {machine}"}))
else:
    print(json.dumps({"holds": None, "saw": f"the machine is {machine}, no WebAssembly"}))
