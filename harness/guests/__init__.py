"""One guest: how it is started, what it says, how it ends; `runtimes/` has one adapter each.

In: settings of a cell, a script, a plan. Out: events. Imports `build`, `provide`, `machine`, `matrix`.
"""
