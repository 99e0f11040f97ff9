"""An IPv6 socket can be created, and connect() reaches the network: a port of ::1 without a listener refuses."""

import json


def tell(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


try:
    import socket

    bound = socket.socket()
except (ImportError, AttributeError, OSError) as exc:
    tell(None, f"there are no sockets at all: {exc}")
else:
    bound.close()
    try:
        bound, one = socket.socket(socket.AF_INET6), socket.socket(socket.AF_INET6)
    except (AttributeError, OSError) as exc:
        tell(True, f"socket(AF_INET6): {exc}")
    else:
        with bound, one:
            try:
                bound.bind(("::1", 0))
                one.connect(bound.getsockname()[:2])
            except ConnectionRefusedError:
                tell(False, "a port of ::1 on which nothing listens refuses the connection")
            except OSError as exc:
                tell(True, f"an IPv6 socket can be made, but bind() or connect() on it: {exc.strerror}")
            else:
                tell(True, "connect() to a port of ::1 on which nothing listens is said to work")
