"""What people answered, what they are asked next, and labels that follow from few others.

It may use `contract`, `modalities` and `catalogue`.
"""
