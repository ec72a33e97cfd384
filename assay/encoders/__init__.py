"""Encoders, which turn examples into embeddings: learned without labels, or from elsewhere.

It may use `contract`, `modalities` and `training`.
"""
