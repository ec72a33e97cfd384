"""Networks and linear classifiers: how they are built, fitted, and exported to ONNX.

It may use `contract` and `modalities`.
"""
