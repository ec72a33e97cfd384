"""Find keys that an earlier batch also has: the new examples may be corrections."""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from assay.modalities import registry

_MOST = 0.5  # if at most this share of a batch's files has a known name, this may be chance
_LONGEST_NUMBER = 18  # digits of a key that may be a row number; Python refuses thousands
REMEDY = (
    "if they correct those, correct the earlier batch instead, since now both are learned from; "
    "collect.group: key in params.yaml keeps both on one side of a split"
)


def of_other_content(
    own: Mapping[str, str], known: Mapping[str, str], keys: Collection[str]
) -> list[str]:
    """The keys of a batch that earlier batches have with other content; none if it may be chance.

    It may be chance if few files of the batch have a known name. It may also be chance if the keys
    only number its rows or files, and no shared key has the same content.

    Parameters
    ----------
    own : id by key, of all or some examples of the batch
    known : id by key, of examples of earlier batches
    keys : the keys of all examples of the batch
    """
    shared = [key for key in own if key in known]
    others = [key for key in shared if own[key] != known[key]]
    are_files = any(map(registry.modality_of_file, shared[:1]))
    if are_files and len(shared) <= _MOST * len(own):
        return []
    are_numbered = _have_numbers(keys) if are_files else _count(keys)
    return [] if others == shared and are_numbered else others


def _have_numbers(files: Collection[str]) -> bool:
    """Whether all names of files end with a number, such as `0001.png` or `cat/IMG_12.jpg`."""
    return all(re.search(r"\d$", PurePosixPath(file).stem) for file in files)


def _count(keys: Collection[str]) -> bool:
    """Whether the keys are whole numbers from 0 or 1, without a gap."""
    are_numbers = all(key.isdecimal() and len(key) <= _LONGEST_NUMBER for key in keys)
    numbers = sorted(map(int, keys)) if are_numbers else []
    return numbers[:1] in ([0], [1]) and numbers[-1] - numbers[0] == len(numbers) - 1
