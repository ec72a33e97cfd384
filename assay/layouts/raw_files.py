"""The files of a raw folder, and their modalities by name."""

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
    folder : the folder of the files
    names : of all files, relative to the folder
    largest_file : MB that a file may unpack to
    remarks : remarks on what is read from the files
    """

    folder: Path
    names: set[str]
    largest_file: int
    remarks: Remarks = field(default_factory=Remarks)

    @cached_property
    def modality_of(self) -> dict[str, str]:
        """The modality of each image or sound, by its name."""
        modality_of = cache(registry.modality_of_ending)  # many names have few endings
        endings = ((name, os.path.splitext(name)[1]) for name in self.names)  # noqa: PTH122, quick
        modalities = ((name, modality_of(ending)) for name, ending in endings)
        return {name: modality for name, modality in modalities if modality}

    @cached_property
    def media(self) -> set[str]:
        """The names of images and sounds."""
        return set(self.modality_of)

    def below(self, root: str) -> "RawFiles":
        """The files below the folder `root`, with names relative to it."""
        names = {name.removeprefix(root) for name in self.names if name.startswith(root)}
        return RawFiles(self.folder / root, names, self.largest_file, self.remarks)
