"""Python was built with IPv6 and has an address family for it."""

import json

try:
    import socket
except ImportError as exc:
    print(json.dumps({"holds": True, "saw": f"import socket: {exc}"}))
else:
    family = hasattr(socket, "AF_INET6")
    saw = f"socket.has_ipv6 is {socket.has_ipv6}, AF_INET6 is {'there' if family else 'missing'}"
    print(json.dumps({"holds": not (socket.has_ipv6 and family), "saw": saw}))
