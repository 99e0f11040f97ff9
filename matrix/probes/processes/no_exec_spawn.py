"""execv(), posix_spawn() and spawnv() look for the program: for a missing one, they raise FileNotFoundError."""

import json
import os

NAME = "no-such-program"
works, fails = [], []


def attempt(what, call):
    try:
        gave = call()
    except FileNotFoundError:
        works.append(f"{what} says that there is no such program")
    except (AttributeError, OSError) as exc:
        fails.append(f"{what}: {getattr(exc, 'strerror', None) or exc}")
    else:
        works.append(f"{what} gave {gave}")


attempt("execv", lambda: os.execv(NAME, [NAME]))
attempt("posix_spawn", lambda: os.posix_spawn(NAME, [NAME], {}))
attempt("spawnv", lambda: os.spawnv(os.P_WAIT, NAME, [NAME]))
holds = not works or (bool(fails) and "partly")
print(json.dumps({"holds": holds, "saw": "; ".join(works + fails)}))
