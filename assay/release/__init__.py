"""The model card of the released model.

It may use `contract`.
"""
