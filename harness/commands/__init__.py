"""The command line: one module per command, argument parsing and nothing else.

In: words. Out: an exit status. Imports everything below; nothing imports it but `harness.__main__`.
"""
