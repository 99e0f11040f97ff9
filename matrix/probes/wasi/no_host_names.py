"""gethostname() returns the host's name, and host names can be resolved."""

import json

works, fails = [], []
try:
    import socket
except ImportError as exc:
    fails.append(str(exc))
else:
    for name, arguments in (("gethostname", ()), ("gethostbyname", ("localhost",))):
        try:
            getattr(socket, name)(*arguments)
        except (AttributeError, OSError) as exc:
            fails.append(f"{name}: {getattr(exc, 'strerror', None) or exc}")
        else:
            works.append(f"{name} works")
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": "; ".join(works + fails)}))
