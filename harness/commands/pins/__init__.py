"""`update-pins`: what newer SDKs, CPythons and runtimes there are, as a diff of the matrix's data."""
