"""The report: how good a version of the data is, and what to do next, on one page for people.

It may use `contract`, `modalities` and `catalogue`.
"""
