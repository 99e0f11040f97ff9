"""Provision toolchains, build CPython, run its test suite.

One folder per stage of a cell's life; each imports only those to its right:
`commands -> runs -> suite -> cells -> guests -> {provide, build} -> machine`.
"""

from __future__ import annotations

from pathlib import Path

TOP = Path(__file__).parent.parent
"""The project's root: `python -m harness` is found from there."""
