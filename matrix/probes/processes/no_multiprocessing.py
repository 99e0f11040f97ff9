"""multiprocessing can start a process and create a lock."""

import json

works, fails = [], []
try:
    import multiprocessing

    context = multiprocessing.get_context("fork")
except (ImportError, ValueError) as exc:
    fails.append(f"multiprocessing: {exc}")
else:
    try:
        process = context.Process(target=int)
        process.start()
        process.join(1.0)
        (works if process.exitcode == 0 else fails).append(f"a process ended with {process.exitcode}")
    except (ImportError, AttributeError, OSError) as exc:
        fails.append(f"Process.start: {getattr(exc, 'strerror', None) or exc}")
    try:
        with context.Lock():
            works.append("there is a lock")
    except (ImportError, AttributeError, OSError) as exc:
        fails.append(f"Lock: {getattr(exc, 'strerror', None) or exc}")
holds = not works or (bool(fails) and "partly")
print(json.dumps({"holds": holds, "saw": "; ".join(works + fails)}))
