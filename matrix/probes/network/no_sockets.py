"""A socket can be created, and connect() reaches the network: a port without a listener refuses."""

import json


def tell(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


try:
    import socket

    bound, one = socket.socket(), socket.socket()
except (ImportError, AttributeError) as exc:
    tell(True, f"the socket module: {exc}")
except OSError as exc:
    tell(True, f"socket(): {exc.strerror}")
else:
    with bound, one:
        try:
            bound.bind(("127.0.0.1", 0))
            one.connect(bound.getsockname())
        except ConnectionRefusedError:
            tell(False, "a port on which nothing listens refuses the connection")
        except OSError as exc:
            tell("partly", f"a socket can be made, but bind() or connect() on it: {exc.strerror}")
        else:
            tell("partly", "a socket can be made, but connect() to a port on which nothing listens is said to work")
