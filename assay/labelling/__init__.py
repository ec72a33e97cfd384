"""Send the queue to Label Studio, and fetch people's answers.

It may use `contract`, `modalities`, `catalogue` and `annotation`.
"""
