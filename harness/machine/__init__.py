"""Everything that touches the machine: processes, the network, the cache, files and archives.

In: argv lists, addresses, paths. Out: exit statuses and outputs, files on disk, locks. May import: `matrix`.

- `process` starts and ends processes, for `command`, `background` and `guest_process`; `termination` handles SIGTERM.
- `branches` runs work side by side, in threads that Ctrl-C and failures end together.
- `fetch` downloads, `http_server` serves, `unpack` unpacks.
- `store` is the cache; `uses` marks what runs use, `upkeep` lists and prunes it, `units` reads sizes and ages.
- `code` identifies the project's own code; `files`, `paths` and `hashing` are small helpers.
"""
