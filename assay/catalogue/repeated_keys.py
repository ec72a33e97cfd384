"""Keys that a batch has in common with earlier ones: are its examples corrections of theirs?"""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from assay.modalities import registry

_MOST = 0.5  # of the files of a batch; fewer have the name of another one by chance
_LONGEST_NUMBER = 18  # digits of a key that may count rows; Python refuses thousands of digits
REMEDY = (
    "if they correct those, correct the earlier batch instead, since now both are learned from; "
    "collect.group: key in params.yaml keeps both on one side of a split"
)


def of_other_content(
    own: Mapping[str, str], known: Mapping[str, str], keys: Collection[str]
) -> list[str]:
    """The keys of a batch that are known with another content; none where this may be chance.

    It may be where few of the files of a batch have a known name, or where the keys of a batch
    count its rows or files, and no content is known.

    Parameters
    ----------
    own : ids of examples of the batch by key, of all or of some
    known : ids of examples of earlier batches by key
    keys : of all examples of the batch
    """
    shared = [key for key in own if key in known]
    others = [key for key in shared if own[key] != known[key]]
    are_files = any(map(registry.modality_of_file, shared[:1]))
    if are_files and len(shared) <= _MOST * len(own):
        return []
    are_numbered = _have_numbers(keys) if are_files else _count(keys)
    return [] if others == shared and are_numbered else others


def _have_numbers(files: Collection[str]) -> bool:
    """Whether all names of files end with a number, as `0001.png` and `cat/IMG_12.jpg` do."""
    return all(re.search(r"\d$", PurePosixPath(file).stem) for file in files)


def _count(keys: Collection[str]) -> bool:
    """Whether keys are whole numbers from 0 or 1 on, without a gap."""
    are_numbers = all(key.isdecimal() and len(key) <= _LONGEST_NUMBER for key in keys)
    numbers = sorted(map(int, keys)) if are_numbers else []
    return numbers[:1] in ([0], [1]) and numbers[-1] - numbers[0] == len(numbers) - 1
