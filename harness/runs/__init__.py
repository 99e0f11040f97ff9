"""A run: its records on disk, its cells one after the other or side by side, shards, merging, publishing.

In: cells and a request. Out: a run's directory with records, JUnit files and pages. Imports `suite` and what lies
below it, and `reports`.
"""
