"""How good a model is, on the whole test set and on its parts.

It may use `contract` and `measures`.
"""
