"""An extension module that is a separate file can be imported."""

import importlib
import importlib.machinery
import json
import os
import sys

print(json.dumps({"holds": True, "saw": "importing a shared extension ended the guest"}))
LIKELY = ("xxlimited", "_testmultiphase", "_testsinglephase", "_heapq", "_bisect", "_opcode", "audioop", "_statistics")
suffixes = importlib.machinery.EXTENSION_SUFFIXES
found = []
for directory in sys.path:
    if suffixes and os.path.isdir(directory):
        for name in sorted(os.listdir(directory)):
            if name.endswith(tuple(suffixes)) and os.path.isfile(os.path.join(directory, name)):
                found.append(name.partition(".")[0])
found.sort(key=lambda name: (name not in LIKELY, name))
if not suffixes:
    print(json.dumps({"holds": True, "saw": "no file name ends as that of an extension module does"}))
elif not found:
    print(json.dumps({"holds": True, "saw": "there are suffixes for extension modules, but there is no such file"}))
else:
    try:
        module = importlib.import_module(found[0])
    except ImportError as exc:
        print(json.dumps({"holds": True, "saw": f"import {found[0]}: {type(exc).__name__}"}))
    else:
        where = "a file" if getattr(module, "__file__", None) else "built in"
        print(json.dumps({"holds": where != "a file", "saw": f"{found[0]} was imported, it is {where}"}))
