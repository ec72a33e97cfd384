"""What a raw folder may look like, and how it is read into one shape.

It may use `contract` and `modalities`.
"""
