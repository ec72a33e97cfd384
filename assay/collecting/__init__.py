"""From a raw batch to examples under content-hash ids, with labels apart, and what was understood.

It may use `contract`, `modalities` and `layouts`.
"""
