"""What is tested: the typed model of the matrix and its data. Only `load` and `limitations` read files."""
