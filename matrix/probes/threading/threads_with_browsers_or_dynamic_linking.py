"""Threads work in a build for browsers or with dynamic linking, if a build has both."""

import importlib.util
import json
import sysconfig
import threading


def threads():
    came = []
    every = [threading.Thread(target=came.append, args=(number,)) for number in range(8)]
    for one in every:
        one.start()
    for one in every:
        one.join(5)
    return sorted(came) == list(range(8))


def say(holds, saw):
    print(json.dumps({"holds": holds, "saw": saw}))


options = sysconfig.get_config_var("CONFIG_ARGS") or ""
if "--enable-wasm-pthreads" not in options:
    say(None, "this build was configured without threads")
elif "--enable-wasm-dynamic-linking" not in options and "--with-emscripten-target=browser" not in options:
    say(None, "this build is for Node, without dynamic linking")
else:
    say(True, "to start threads ended the guest")
    try:
        works = threads() and importlib.util.find_spec("_json") is not None
    except RuntimeError as exc:
        say(True, str(exc))
    else:
        say(not works, "eight threads ended" if works else "not all of eight threads ended")
