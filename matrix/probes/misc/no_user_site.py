"""There is a home directory and a directory for the user's packages."""

import json
import os
import site

home = os.path.expanduser("~")
try:
    base = site.getuserbase()
except (AttributeError, ImportError, OSError, TypeError):
    base = None
has_home, has_base = os.path.isdir(home), bool(base)
saw = f"the home directory {'is there' if has_home else 'does not exist'}; "
saw += f"site.getuserbase() gave {'a path' if base else base}"
print(json.dumps({"holds": "partly" if has_home != has_base else not has_home, "saw": saw}))
