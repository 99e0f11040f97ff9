"""The extension modules that exist only for tests can be imported."""

import importlib
import json

there, missing = [], []
for name in ("_testbuffer", "_testcapi", "_testinternalcapi", "_xxtestfuzz"):
    try:
        importlib.import_module(name)
    except ImportError:
        missing.append(name)
    else:
        there.append(name)
saw = [f"missing: {', '.join(missing)}"] if missing else []
saw += [f"there: {', '.join(there)}"] if there else []
print(json.dumps({"holds": "partly" if there and missing else bool(missing), "saw": "; ".join(saw)}))
