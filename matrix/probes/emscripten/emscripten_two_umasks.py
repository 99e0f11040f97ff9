"""With a umask of 0, a new directory has all the permissions that mkdir() was asked for."""

import json
import os
import sys

if not hasattr(os, "umask"):
    print(json.dumps({"holds": None, "saw": "there is no os.umask"}))
elif "Node" not in getattr(getattr(sys, "_emscripten_info", None), "runtime", ""):
    print(json.dumps({"holds": None, "saw": "not under Node"}))
else:
    before = os.umask(0)
    os.mkdir("open", 0o777)
    os.umask(0o077)
    os.mkdir("closed", 0o777)
    os.umask(before)
    modes = [os.stat(name).st_mode & 0o777 for name in ("open", "closed")]
    saw = "new directories have mode 0o{:o} with a umask of 0, 0o{:o} with 0o77".format(*modes)
    if modes[0] == modes[1]:
        print(json.dumps({"holds": None, "saw": f"{saw}: os.umask() has no effect, which is another limitation's"}))
    else:
        print(json.dumps({"holds": modes != [0o777, 0o700], "saw": saw}))
