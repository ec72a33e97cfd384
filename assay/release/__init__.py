"""The model card of what ships.

It may use `contract`.
"""
