"""What Assay would understand of a raw folder, told before anything runs.

It may use `contract`, `modalities`, `layouts`, `collecting` and `catalogue`.
"""
