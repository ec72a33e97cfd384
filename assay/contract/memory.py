"""The memory budget: how many examples or columns are processed at a time.

Outputs must not depend on it. So it only divides work that treats each example or column alone.
"""

from assay.contract.errors import InputError

_SHARE = 4  # a block takes at most a quarter of the budget; the results need the rest
_MIB = 2**20


def check(size: float, budget: int, what: str) -> None:
    """Raise if something would take more bytes than the budget. Call it before it is made.

    Parameters
    ----------
    size : bytes that it takes while it is processed
    budget : bytes, `memory` in params.yaml
    what : what takes the memory, for the message; its last words are an article and a noun

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
    """How many examples or other things to process at a time, 1 to `most`. `size` is of one."""
    check(size, budget, what)
    return max(1, min(most, int(budget / _SHARE / max(size, 1))))
