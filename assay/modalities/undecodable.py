"""Files that cannot be decoded: all of a batch are found, and one error tells of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from assay.contract.errors import InputError, first_of

_NAMED = 20  # files that a message names beside the first


class UndecodableError(InputError):
    """One file cannot be decoded. The message names it."""


class BrokenFiles:
    """The files of a batch that cannot be decoded, as far as seen."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}  # by place

    @contextmanager
    def noted(self, place: str) -> Iterator[None]:
        """Note a file that cannot be decoded, and go on."""
        try:
            yield
        except UndecodableError as error:
            self.errors[place] = str(error)

    def refuse(self) -> None:
        """Raise if there are any: the first with the reason, and the names of others."""
        if self.errors:
            first, *others = self.errors
            also = f"; {len(others):,} more cannot be read: {first_of(others, _NAMED)}"
            raise InputError(self.errors[first] + (also if others else ""))
