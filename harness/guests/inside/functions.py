"""Runs inside the guest: which functions of the library's modules ran.

A test module that imports a module need not depend on all of it: a function that never runs may be edited. Nothing is
traced for this. From CPython 3.13 on, the first run of a code object replaces its RESUME instruction by RESUME_CHECK
(Python/bytecodes.c), and `_co_code_adaptive` shows the instructions as they are. So one looks afterwards.

Code objects are numbered in each source: first the module's own, then those among its constants, each followed by those
among its own. harness/build/function_digests.py numbers them alike.

What an earlier test module of the guest ran counts as well. A tracer hides what runs in its own calls: reads.py asks
nothing then.
"""


def _nothing():
    pass


CODE = type(_nothing.__code__)
RESUME = _nothing.__code__.co_code[0]


def can_tell():
    """Whether this Python shows that a function ran."""

    def probe():
        pass

    start = start_of(probe.__code__)
    before = probe.__code__._co_code_adaptive[start]
    probe()
    return before == RESUME != probe.__code__._co_code_adaptive[start]


def start_of(code):
    """Where the instruction is with which a function begins, after those that make its closure or its generator."""
    instructions = code.co_code
    for at in range(0, len(instructions), 2):
        if instructions[at] == RESUME and instructions[at + 1] & 3 == 0:
            return at
    return None


def code_objects(code):
    yield code
    for constant in code.co_consts:
        if type(constant) is CODE:
            yield from code_objects(constant)


def as_ranges(numbers):
    """Numbers in short: `0-3,5`."""
    ranges = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


class Functions:
    most = 10_000  # code objects of a source that are looked at; a test may load a module over and over

    def __init__(self):
        self.ran = {}  # by the path of a source: the numbers of its code objects that ran
        self.idle = {}  # by path: number, code object and start of those that did not run; of each time it was loaded
        self.unknown = set()  # the paths of sources that are not followed

    def loads(self, path, code):
        """A source is about to be executed."""
        if path in self.unknown:
            return
        ran, idle = self.ran.setdefault(path, set()), self.idle.setdefault(path, [])
        for number, one in enumerate(code_objects(code)):
            start = start_of(one)
            if start is None:
                ran.add(number)
            elif number not in ran:
                idle.append((number, one, start))
        if len(idle) > self.most:
            self.gives_up(path)

    def gives_up(self, path):
        """From now on it is not known what of a source ran."""
        self.unknown.add(path)
        self.idle.pop(path, None)

    def numbers(self, path):
        """The numbers of the code objects of a source that ran so far, in short; None when that is not known."""
        if path not in self.idle:
            return None
        ran, idle = self.ran[path], []
        for entry in self.idle[path]:
            number, code, start = entry
            if code._co_code_adaptive[start] == RESUME:
                idle.append(entry)
            else:
                ran.add(number)
        self.idle[path] = idle
        return as_ranges(ran)
