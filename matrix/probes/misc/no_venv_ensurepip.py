"""venv can create an environment, and ensurepip, which runs pip in a process, works."""

import json
import sys

works, fails = [], []
try:
    import venv

    venv.EnvBuilder(symlinks=True).create("environment")
    works.append("venv made an environment")
except Exception as exc:  # any reason not to support this platform
    why = getattr(exc, "strerror", None)
    fails.append(f"venv: {type(exc).__name__}{': ' if why else ''}{why or ''}")
try:
    import ensurepip
    import subprocess

    command = [sys.executable or "python", "-m", "ensurepip", "--version"]
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (fails if done.returncode else works).append(f"ensurepip ended with {done.returncode}")
except (ImportError, OSError) as exc:
    fails.append(f"ensurepip: {getattr(exc, 'strerror', None) or exc}")
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": "; ".join(works + fails)}))
