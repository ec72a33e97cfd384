"""The way to Label Studio and back.

It may use `contract`, `modalities` and `catalogue`.
"""
