"""A guest sends itself a signal, blocks one, waits for one, and sees who sent it."""

import json
import os
import signal

print(json.dumps({"holds": True, "saw": "sending itself a signal ended the guest"}))
came, works, fails = [], [], []
NUMBER = getattr(signal, "SIGUSR1", signal.SIGINT)


def attempt(what, call):
    try:
        right = call()
    except (AttributeError, OSError) as exc:
        fails.append(f"{what}: {getattr(exc, 'strerror', None) or exc}")
    else:
        (works if right else fails).append(what)


def kill():
    os.kill(os.getpid(), NUMBER)
    return came.pop() == NUMBER if came else False


def mask():
    signal.pthread_sigmask(signal.SIG_BLOCK, {NUMBER})
    try:
        os.kill(os.getpid(), NUMBER)
        return not came and NUMBER in signal.sigpending()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {NUMBER})
        came.clear()


def wait():
    signal.pthread_sigmask(signal.SIG_BLOCK, {NUMBER})
    try:
        os.kill(os.getpid(), NUMBER)
        got = signal.sigtimedwait({NUMBER}, 0.05)
        return got is not None and (got.si_signo, got.si_pid) == (NUMBER, os.getpid())
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {NUMBER})


before = signal.signal(NUMBER, lambda number, frame: came.append(number))
attempt("kill", kill)
attempt("pthread_sigmask and sigpending", mask)
attempt("sigtimedwait", wait)
attempt("siginterrupt", lambda: signal.siginterrupt(NUMBER, False) is None)
attempt("pthread_kill", lambda: signal.pthread_kill.__name__)
attempt("alarm", lambda: signal.alarm(0) == 0)
attempt("setitimer", lambda: signal.setitimer(signal.ITIMER_REAL, 0) == (0, 0))
signal.signal(NUMBER, before)
saw = f"works: {', '.join(works) or 'nothing'}; does not: {'; '.join(fails) or 'nothing'}"
print(json.dumps({"holds": not works or (bool(fails) and "partly"), "saw": saw}))
