"""Building CPython: recipes (pure), the steps that they consist of, their execution, and what guests see of a build.

In: a resolved cell, and the paths and digests of what its build is made from (`builder.Inputs`).
Out: a work directory with `python.wasm` and the guests' tree. Imports `machine` and `matrix`.
"""
