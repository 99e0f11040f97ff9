"""Obtaining SDKs, CPython trees and runtimes: one module per way.

In: a row of the matrix. Out: `Obtained`, a path with the digest of its content. Imports `machine` and `matrix`.
"""
