"""Show how Assay would read a raw folder, before anything runs.

It may use `contract`, `modalities`, `layouts`, `collecting` and `catalogue`.
"""
