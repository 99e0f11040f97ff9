"""A socket listens on 127.0.0.1 and accepts a connection."""

import json


def tell(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


try:
    import socket

    server, client = socket.socket(), socket.socket()
except (ImportError, AttributeError, OSError) as exc:
    tell(None, f"there are no sockets at all: {exc}")
else:
    tell(True, "listen() or accept() ended the guest")
    with server, client:
        server.settimeout(0.2)
        client.settimeout(0.2)
        step = "bind"
        try:
            server.bind(("127.0.0.1", 0))
            step = "listen"
            server.listen()
            step = "connect"
            client.connect(server.getsockname())
            step = "accept"
            server.accept()[0].close()
        except OSError as exc:
            tell(True, f"{step}(): {exc.strerror or exc}")
        else:
            tell(False, "a connection was accepted")
