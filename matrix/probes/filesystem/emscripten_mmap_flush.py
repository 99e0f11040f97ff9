"""flush() of a memory map writes the changes to the file."""

import json

try:
    import mmap
except ImportError as exc:
    print(json.dumps({"holds": None, "saw": str(exc)}))
else:
    print(json.dumps({"holds": True, "saw": "flush() of a map ended the guest"}))
    with open("file", "wb") as file:
        file.write(b"a" * 70000)
    try:
        with open("file", "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[:5] = b"bbbbb"
            mapped.flush()
            with open("file", "rb") as again:
                right = again.read() == b"bbbbb" + b"a" * 69995
    except (OSError, ValueError) as exc:
        print(json.dumps({"holds": True, "saw": f"flush() of a map: {getattr(exc, 'strerror', None) or exc}"}))
    else:
        saw = f"after flush() the file {'has' if right else 'lacks'} the change"
        print(json.dumps({"holds": not right, "saw": saw}))
