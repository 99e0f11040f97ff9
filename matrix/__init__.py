"""What is tested, and the words for it: the matrix, the outcomes and the known limitations.

Comes in: the TOML files in `data/` and `limitations/`. Goes out: frozen records. `load` gives the `Matrix`, `expand`
its cells, `select` those that a user asks for, `Limitations.load` what platforms cannot do. The scripts in `probes/`
are data: guests run them.

May import: nothing else of this project. Only `reader` and `outline` open files. Nothing here starts a process or
uses the network.
"""
