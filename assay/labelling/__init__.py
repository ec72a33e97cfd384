"""The queue to Label Studio, and people's answers back.

It may use `contract`, `modalities`, `catalogue` and `annotation`.
"""
