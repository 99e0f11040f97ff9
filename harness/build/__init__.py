"""Building CPython: recipes (pure), the steps they consist of, what guests see of a build.

In: obtained parts and a `Build` of the matrix. Out: a work directory with `python.wasm` and the guests' tree.
Imports `machine` and `matrix`.
"""
