"""Runs inside the guest: runs probes one after the other and writes what they print as events.

    python.wasm -u -W ... -bb /prober.py PLAN

PLAN is a JSON file with the path for events, the working directory, and the probes' sources. Each event is one JSON
line, which is written at once: a probe may end the guest, and then the lines that it has printed count.
"""

import io
import json
import os
import sys
import traceback


class LineEvents(io.TextIOBase):
    """A probe's standard output: it makes each line an event."""

    def __init__(self, tell):
        self.tell_line = tell
        self.begun = ""

    def writable(self):
        return True

    def write(self, text):
        *lines, self.begun = (self.begun + text).split("\n")
        for line in lines:
            self.tell_line(line)
        return len(text)


def main(plan):
    descriptor = os.open(plan["events"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def event(kind, **fields):
        data = (json.dumps({"event": kind, **fields}) + "\n").encode("ascii")
        while data:
            data = data[os.write(descriptor, data) :]

    os.environ.update(plan["environment"])
    stdout = sys.stdout
    for number, probe in enumerate(plan["probes"]):
        name = probe["name"]
        event("module", module=name)
        directory = os.path.join(plan["work"], f"probe{number}")
        os.mkdir(directory)
        os.chdir(directory)
        sys.stdout = LineEvents(lambda line: event("said", module=name, detail=line))
        detail = ""
        try:
            exec(compile(probe["source"], name, "exec"), {"__name__": "__main__"})
        except BaseException:
            detail = traceback.format_exc()[-4096:]
        finally:
            sys.stdout = stdout
        os.chdir(plan["work"])
        event("done", module=name, status="errored" if detail else "passed", detail=detail)
    event("end")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        main(json.load(file))
    os._exit(0)  # does not wait for threads that probes left running
