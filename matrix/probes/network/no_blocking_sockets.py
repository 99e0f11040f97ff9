"""recv() on a blocking socket waits for data, or until the time limit set with SO_RCVTIMEO."""

import json
import struct
import time


def tell(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


try:
    import socket

    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
except (ImportError, AttributeError, OSError) as exc:
    tell(None, f"there are no sockets at all: {exc}")
else:
    with one:
        option = "set"
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 100_000))
        except (AttributeError, OSError):
            option = "not available"  # without it, only an endless wait could show that recv() blocks
        blocking, begun = one.getblocking(), time.monotonic()
        tell(None, f"recv() did not return; SO_RCVTIMEO is {option}")
        try:
            one.recv(1)
            saw = "returned"
        except OSError as exc:
            saw = f"said {exc.strerror!r}"
        waited = time.monotonic() - begun >= 0.05
        saw = f"getblocking() is {blocking}, SO_RCVTIMEO is {option}; recv() {saw}"
        tell(not waited, f"{saw} {'after it had waited' if waited else 'at once'}")
