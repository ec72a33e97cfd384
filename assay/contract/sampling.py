"""Take a part of many things, evenly spread."""


def step_for(n: int, most: int) -> int:
    """The step with which at most `most` of n things are taken: 3 takes every third one."""
    return max(1, -(-n // most))
