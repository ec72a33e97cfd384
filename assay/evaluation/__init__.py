"""How good a model is, on the whole test set and on its parts, and how good the test labels are.

It may use `contract`, `catalogue`, `measures` and `cleaning`.
"""
