"""People's answers, what they are asked next, and how a few labels spread to other examples.

It may use `contract` and `catalogue`.
"""
