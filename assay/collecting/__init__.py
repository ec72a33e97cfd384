"""Turn a raw batch into examples with content-hash ids, labels and splits, and a summary.

It may use `contract`, `modalities` and `layouts`.
"""
