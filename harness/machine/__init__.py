"""The machine: processes, network, cache, locks, archives. Only these modules touch them.

In: argv lists, addresses, paths. Out: exit statuses, bytes on disk, locks. Imports `matrix` only.
"""
