"""The command line: one module per command, which parses options, calls the stage that does the work, and prints.

In: words. Out: an exit status. Each module declares a `Command` (command.py), which `harness.__main__` puts into its
table. Imports every other folder of `harness`.
"""
