"""Take some of many, evenly spread."""


def step_for(n: int, most: int) -> int:
    """Every how many-th of n to take, so that at most `most` are left."""
    return max(1, -(-n // most))
