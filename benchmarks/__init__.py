"""Benchmarks, run by hand or by `nox -s bench`; no test depends on their figures."""
