"""Priorities, schedulers, CPU affinity and resource limits can be queried."""

import json
import os

works, fails = [], []


def attempt(what, call):
    try:
        call()
    except (AttributeError, ImportError, OSError) as exc:
        fails.append(f"{what}: {getattr(exc, 'strerror', None) or exc}")
    else:
        works.append(what)


def limit():
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)


attempt("nice", lambda: os.nice(0))
attempt("getpriority", lambda: os.getpriority(os.PRIO_PROCESS, 0))
attempt("setpriority", lambda: os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0)))
attempt("sched_get_priority_max", lambda: os.sched_get_priority_max(os.SCHED_OTHER))
attempt("sched_getscheduler", lambda: os.sched_getscheduler(0))
attempt("sched_getaffinity", lambda: os.sched_getaffinity(0))
attempt("getrlimit", limit)
saw = f"works: {', '.join(works) or 'nothing'}; does not: {'; '.join(fails) or 'nothing'}"
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": saw}))
