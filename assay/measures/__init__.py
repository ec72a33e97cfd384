"""What can be computed of features and payloads: leave-one-out predictions, outliers, statistics, tests.

It may use `contract`, `modalities` and `catalogue`.
"""
