"""Measurements: run by hand or by `nox -s bench`, never part of a test's assertion."""
