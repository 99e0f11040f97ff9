"""From a request to cells, and from a cell to something that runs.

In: what was asked for (`request.CellRequest`). Out: resolved cells (`selection`, `sets`), and `prepare.Prepared`:
a cell whose build is made and whose guests can start.
Imports `guests`, `build`, `provide`, `machine`, `matrix`.
"""
