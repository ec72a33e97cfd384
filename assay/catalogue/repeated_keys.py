"""Keys that a batch has in common with earlier ones: are its examples corrections of theirs?"""

from collections.abc import Iterable, Mapping

from assay.modalities import registry

_MOST = 0.5  # of the files of a batch; fewer have the name of another one by chance
REMEDY = (
    "if they correct those, correct the earlier batch instead, which else is learned from too; "
    "collect.group: key in params.yaml keeps both on one side of a split"
)


def of_other_content(own: Mapping[str, str], known: Mapping[str, str]) -> list[str]:
    """The keys of a batch that are known with another content; none where this may be chance.

    It may be where few of the files of a batch have a known name, or where the keys of a batch
    count its rows, and no row is known.

    Parameters
    ----------
    own : ids of examples of the batch by key
    known : ids of examples of earlier batches by key
    """
    shared = [key for key in own if key in known]
    others = [key for key in shared if own[key] != known[key]]
    are_files = any(map(registry.modality_of_file, shared[:1]))
    if are_files and len(shared) <= _MOST * len(own):
        return []
    return [] if others == shared and _count(own) else others


def _count(keys: Iterable[str]) -> bool:
    """Whether keys are whole numbers from 0 or 1 on, without a gap."""
    numbers = sorted(int(key) if key.isdecimal() else -1 for key in keys)
    return numbers[:1] in ([0], [1]) and numbers[-1] - numbers[0] == len(numbers) - 1
