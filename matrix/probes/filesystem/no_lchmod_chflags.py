"""os.lchmod(), os.chflags() and os.lchflags() exist and work."""

import errno
import json
import os

works, fails = [], []
with open("file", "wb"):
    pass
for name, value in (("lchmod", 0o600), ("chflags", 0), ("lchflags", 0)):
    try:
        getattr(os, name)("file", value)
    except AttributeError:
        fails.append(f"there is no os.{name}")
    except NotImplementedError:
        fails.append(f"os.{name}: not implemented")
    except OSError as exc:
        fails.append(f"os.{name}: {errno.errorcode.get(exc.errno, exc.errno)}")
    else:
        works.append(f"os.{name} works")
print(json.dumps({"holds": "partly" if works and fails else bool(fails), "saw": "; ".join(fails + works)}))
