"""The files of a raw folder, told apart by their names."""

import os
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from assay.contract.remarks import Remarks
from assay.modalities import registry


@dataclass
class RawFiles:
    """The data files of a raw folder, or of a folder in it.

    Attributes
    ----------
    folder : in which they lie
    names : of all of them, relative to the folder
    largest_file : MB that one of them may unpack to
    remarks : on what is read from them
    """

    folder: Path
    names: set[str]
    largest_file: int
    remarks: Remarks = field(default_factory=Remarks)

    @cached_property
    def modality_of(self) -> dict[str, str]:
        """The modality of each image or sound, by its name."""
        modality_of = cache(registry.modality_of_ending)  # there are many names and few endings
        endings = ((name, os.path.splitext(name)[1]) for name in self.names)  # noqa: PTH122, quick
        modalities = ((name, modality_of(ending)) for name, ending in endings)
        return {name: modality for name, modality in modalities if modality}

    @cached_property
    def media(self) -> set[str]:
        """The images and sounds."""
        return set(self.modality_of)

    def below(self, root: str) -> "RawFiles":
        """The files below a folder, relative to it."""
        names = {name.removeprefix(root) for name in self.names if name.startswith(root)}
        return RawFiles(self.folder / root, names, self.largest_file, self.remarks)
