"""The library has its network and packaging modules, and the pure-Python versions of C modules."""

import importlib.util
import json

GROUPS = {
    "network": ("email", "ftplib", "http", "imaplib", "poplib", "smtplib", "socketserver", "wsgiref"),
    "packaging": ("ensurepip", "venv"),
    "twins": ("_pydecimal", "_pyio"),
}
there, missing = [], []
for names in GROUPS.values():
    for name in names:
        (there if importlib.util.find_spec(name) else missing).append(name)
saw = [f"missing: {', '.join(missing)}"] if missing else []
saw += [f"there: {', '.join(there)}"] if there else []
print(json.dumps({"holds": "partly" if there and missing else bool(missing), "saw": "; ".join(saw)}))
