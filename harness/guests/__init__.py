"""One guest: how it starts, what it reports, how it ends.

In: the settings of a cell (`settings`), a script and its plan. Out: events (`events`). `adapter` says how a runtime is
added; `runtimes/` has one adapter for each runtime; `inside/` has the scripts that run in the guest. Imports `build`,
`provide`, `machine`, `matrix`.
"""
