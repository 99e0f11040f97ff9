"""There is a directory for temporary files apart from the current directory."""

import json
import os
import tempfile

before, tempfile.tempdir = tempfile.tempdir, None
try:
    found = tempfile.gettempdir()
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"gettempdir: {exc.strerror}"}))
else:
    current = os.path.abspath(found) == os.getcwd()
    saw = f"gettempdir() gives {'the current directory' if current else 'another directory than the current one'}"
    print(json.dumps({"holds": current, "saw": saw}))
finally:
    tempfile.tempdir = before
