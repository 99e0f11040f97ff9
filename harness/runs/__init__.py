"""A run: its records on disk, its cells one after the other or side by side, shards, merging, publishing.

In: cells and a request. Out: a run's directory with records, JUnit files and pages, and a row in the history. Imports
`suite` and the folders below it, and `reports`: those make the files of a report, this folder writes them.
"""
