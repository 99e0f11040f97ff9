"""The select module has epoll, poll and select, and they work."""

import json

print(json.dumps({"holds": True, "saw": "select, poll or epoll ended the guest"}))
found, failed = [], []
try:
    import select
except ImportError as exc:
    print(json.dumps({"holds": True, "saw": f"import select: {exc}"}))
else:
    with open("file", "wb") as file:
        try:
            with select.epoll():
                found.append("epoll")
        except (AttributeError, OSError) as exc:
            failed.append(f"epoll: {exc}")
        try:
            poll = select.poll()
            poll.register(file, select.POLLOUT)
            poll.poll(0)
            found.append("poll")
        except (AttributeError, OSError) as exc:
            failed.append(f"poll: {exc}")
        try:
            select.select([], [file], [], 0)
            found.append("select")
        except (AttributeError, OSError) as exc:
            failed.append(f"select: {exc}")
    saw = f"works: {', '.join(found) or 'nothing'}; does not: {'; '.join(failed) or 'nothing'}"
    print(json.dumps({"holds": (bool(failed) and "partly") if found else True, "saw": saw}))
