"""A fuzzer for the seams: what is kept and believed later, damaged or cut short at random.

    python -m tests.fuzz damage --count 1000          bytes of kept files, in small real parts: seconds
    python -m tests.fuzz damage --whole --count 100   the same by whole runs, with a cache and a build: hours
    python -m tests.fuzz kills --count 100            processes of a run, at random moments, then --resume: hours
    python -m tests.fuzz tabs --count 10              tabs, browsers and servers of a run in browsers, several in each
    python -m tests.fuzz edits --count 200            files of the tree; what stands is run all the same: half an hour
    python -m tests.fuzz damage --seed 4711           one case again

The property is always the same: the result is equal to that of an undisturbed run, or red or refused with the true
cause and without a traceback. It is never a false green. For edits, the undisturbed run is one of everything.

`kinds` lists the kinds of files as data, `damage` the ways to damage one, `judge` is the property. `small` and `whole`
use what was damaged, `kills` and `tabs` have the processes that are killed, `edits` the ways to edit a tree.
"""
