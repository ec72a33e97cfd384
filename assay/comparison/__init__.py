"""What changed between two versions of the data, and which model is better.

It may use every package above it in `tests/unit/test_packages.py`.
"""
