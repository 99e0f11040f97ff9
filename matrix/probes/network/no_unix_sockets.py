"""A Unix socket can be bound to a name in the current directory."""

import json

try:
    import socket

    one = socket.socket(socket.AF_UNIX)
except (ImportError, AttributeError) as exc:
    print(json.dumps({"holds": True, "saw": f"AF_UNIX: {exc}"}))
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"socket(AF_UNIX): {exc.strerror}"}))
else:
    with one:
        try:
            one.bind("unix")
        except OSError as exc:
            print(json.dumps({"holds": True, "saw": f"bind() of a Unix socket: {exc.strerror}"}))
        else:
            print(json.dumps({"holds": False, "saw": "a Unix socket was bound"}))
