"""Doing it: provision toolchains, build CPython, run its test suite."""
