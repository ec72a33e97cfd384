"""Which labels are wrong, how sure that is, why, and what else is wrong with the data.

It may use `contract`, `modalities`, `catalogue`, `training` and `measures`.
"""
