"""subprocess starts a command."""

import json
import sys

try:
    import subprocess

    done = subprocess.run([sys.executable or "python", "-c", "pass"], check=False)
except ImportError as exc:
    print(json.dumps({"holds": True, "saw": f"import subprocess: {exc}"}))
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"subprocess.run: {exc}"}))
else:
    print(json.dumps({"holds": False, "saw": f"a command ended with {done.returncode}"}))
