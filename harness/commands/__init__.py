"""The commands of `python -m harness`, one module each: where matrix, harness and reports are put together.

Nothing else of harness imports them, or anything of reports but through them.
"""
