"""One cell's suite: discover modules, schedule them, run them in guests under pytest, reuse results.

In: a prepared cell. Out: `outcomes.jsonl`, one `ModuleResult` a line. Imports `cells` and what lies below it.
"""
