"""What changed between two versions of the data, and which model is better.

It may use every package above it in docs/architecture.md#packages.
"""
