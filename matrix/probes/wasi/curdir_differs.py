"""'.' is the current directory, even after chdir(), and for the import system as well."""

import importlib
import json
import os
import sys

fails = []
before = os.getcwd()
os.mkdir("below")
with open(os.path.join("below", "probe_curdir.py"), "w", encoding="utf-8") as file:
    file.write("found = True\n")
path, cache = sys.path[:], dict(sys.path_importer_cache)
dont, sys.dont_write_bytecode = sys.dont_write_bytecode, True
try:
    os.chdir("below")
    if not os.path.samefile(os.curdir, os.getcwd()):
        fails.append("'.' and getcwd() are different directories")
    if os.listdir(os.curdir) != ["probe_curdir.py"]:
        fails.append("'.' does not list what is in the current directory")
    sys.path_importer_cache.pop(os.curdir, None)
    sys.path.insert(0, os.curdir)
    try:
        importlib.import_module("probe_curdir")
    except ImportError:
        fails.append("with '.' in sys.path a module there is not found")
    if os.curdir not in sys.path_importer_cache:
        fails.append("sys.path_importer_cache has no '.'")
finally:
    os.chdir(before)
    sys.path[:] = path
    sys.path_importer_cache.clear()
    sys.path_importer_cache.update(cache)
    sys.dont_write_bytecode = dont
    sys.modules.pop("probe_curdir", None)
print(json.dumps({"holds": bool(fails), "saw": "; ".join(fails) or "'.' is the current directory, for imports too"}))
