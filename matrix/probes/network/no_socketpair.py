"""socketpair() returns two connected sockets."""

import json

print(json.dumps({"holds": True, "saw": "socketpair() ended the guest"}))
try:
    import socket

    one, other = socket.socketpair()
except (ImportError, AttributeError) as exc:
    print(json.dumps({"holds": True, "saw": f"socketpair: {exc}"}))
except OSError as exc:
    print(json.dumps({"holds": True, "saw": f"socketpair(): {exc.strerror or exc}"}))
else:
    with one, other:
        one.sendall(b"x")
        other.settimeout(0.2)
        try:
            came = other.recv(1)
        except OSError as exc:
            print(json.dumps({"holds": True, "saw": f"nothing goes through a socketpair: {exc}"}))
        else:
            print(json.dumps({"holds": came != b"x", "saw": f"{came!r} came through a socketpair"}))
