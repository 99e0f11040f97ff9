"""asyncio creates an event loop and runs a coroutine in it."""

import gc
import json
import sys
import warnings

print(json.dumps({"holds": True, "saw": "making an event loop ended the guest"}))


async def add(one, other):
    await asyncio.sleep(0)
    return one + other


hook, sys.unraisablehook = sys.unraisablehook, lambda _: None  # a half-created loop complains when it is deleted
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    coroutine = add(1, 2)
    try:
        import asyncio

        found = {"holds": False, "saw": f"asyncio.run() gave {asyncio.run(coroutine)}"}
    except (ImportError, AttributeError, OSError, RuntimeError) as exc:
        found = {"holds": True, "saw": f"asyncio.run: {type(exc).__name__}: {exc}"}
    coroutine.close()
    gc.collect()
sys.unraisablehook = hook
print(json.dumps(found))
