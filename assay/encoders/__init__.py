"""What turns an example into an embedding, learned without labels or taken from elsewhere.

It may use `contract`, `modalities` and `training`.
"""
