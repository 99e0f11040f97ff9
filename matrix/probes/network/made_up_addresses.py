"""A host name resolves to the host's real address: localhost is in 127.0.0.0/8."""

import json

try:
    import socket

    address = socket.gethostbyname("localhost")
except (ImportError, AttributeError, OSError) as exc:
    print(json.dumps({"holds": None, "saw": f"no name has an address here: gethostbyname: {exc}"}))
else:
    print(json.dumps({"holds": not address.startswith("127."), "saw": f"the address of localhost is {address}"}))
