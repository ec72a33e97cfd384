"""The data set, with what is known of each example, for other programs.

It may use `contract`, `modalities` and `catalogue`.
"""
