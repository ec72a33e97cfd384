"""The budget of memory: how many examples are worked on at a time.

Outputs must not depend on it, so it only cuts work in which each example stands for itself.
"""

from assay.contract.errors import InputError

_SHARE = 4  # a block takes at most a fourth of the budget; what it is made into takes the rest
_MIB = 2**20


def check(size: float, budget: int, what: str = "an example") -> None:
    """Raise if something takes more bytes than the budget, before it is made.

    Parameters
    ----------
    size : bytes that it takes while it is worked on
    budget : bytes, `memory` in params.yaml
    what : its name in the message

    Raises
    ------
    InputError
        If it takes more.
    """
    if size > budget:
        takes = f"{what} takes {size / _MIB:,.0f} MiB, and memory in params.yaml allows"
        raise InputError(f"{takes} {budget / _MIB:,.0f} MiB: raise it, or make the example smaller")


def examples_at_once(size: float, budget: int, most: int, what: str = "an example") -> int:
    """The number of examples that are worked on at a time, from 1 to `most`; see `check`."""
    check(size, budget, what)
    return max(1, min(most, int(budget / _SHARE / max(size, 1))))
