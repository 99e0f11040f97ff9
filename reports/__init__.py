"""Judging what was observed, and showing it."""
