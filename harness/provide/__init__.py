"""Obtain SDKs, CPython trees, runtimes and ports. One module per way to obtain them.

In: rows of the matrix (`Sdk`, `CPython`, `Runtime`, `Port`). Out: `Obtained`, a path with the digest of its content.
May import: `harness.machine` and `matrix`.

`items` lists the providers of each row, best first; `obtain` asks them in that order.

To add a provider:

1. Write its class in a module here: a `LocalProvider` for what is on the machine already (one method, `find`), or a
   `CachedProvider` for what goes into the cache (`obstacle`, `entry`, `fill`). `provider` describes both.
2. If it needs data (an address, a hash), add a field to the row's record in `matrix/model.py`.
3. Append it to the list in `items`, at the place of its preference.
"""
