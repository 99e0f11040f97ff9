"""Newer versions that upstream, the distribution and pip's index offer, as rows of the pin files."""
