"""Scripts that run in the guest, from CPython 3.11 to main: the standard library only, and nothing of this project."""
