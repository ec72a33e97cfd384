"""The budget of memory: how many examples or columns are worked on at a time.

Outputs must not depend on it, so it only cuts work in which each of them stands for itself.
"""

from assay.contract.errors import InputError

_SHARE = 4  # a block takes at most a fourth of the budget; what it is made into takes the rest
_MIB = 2**20


def check(size: float, budget: int, what: str) -> None:
    """Raise if something takes more bytes than the budget, before it is made.

    Parameters
    ----------
    size : bytes that it takes while it is worked on
    budget : bytes, `memory` in params.yaml
    what : for the message; it ends with an article and a noun

    Raises
    ------
    InputError
        If it takes more.
    """
    if size > budget:
        takes = f"{what} takes {size / _MIB:,.0f} MiB, and memory in params.yaml allows"
        noun = what.rpartition(" ")[2]  # without its article
        remedy = f"raise memory, or make the {noun} smaller"
        raise InputError(f"{takes} {budget / _MIB:,.0f} MiB: {remedy}")


def at_once(size: float, budget: int, most: int, what: str) -> int:
    """How many examples, or other things, are worked on at a time: 1 to `most`; see `check`."""
    check(size, budget, what)
    return max(1, min(most, int(budget / _SHARE / max(size, 1))))
