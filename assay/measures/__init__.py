"""Measures of features and payloads: leave-one-out predictions, outliers, statistics, p values.

It may use `contract` and `catalogue`.
"""
