"""The layouts that a raw folder may have. All are read into one form, `RawBatch`.

It may use `contract` and `modalities`.
"""
