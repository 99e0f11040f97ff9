"""The current directory is removed."""

import json
import os

os.mkdir("removed")
os.chdir("removed")
try:
    os.rmdir(os.getcwd())
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"os.rmdir() of the current directory: {exc.strerror}"}))
else:
    print(json.dumps({"holds": False, "saw": "os.rmdir() removed the current directory"}))
