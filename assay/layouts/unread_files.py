"""Files beside pictures and sounds that are no examples, and what to do about them."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from assay.contract import table_files
from assay.contract.errors import InputError, counted, first_of
from assay.contract.remarks import Remarks
from assay.layouts import listing
from assay.layouts.raw_files import RawFiles
from assay.modalities import registry

# how files end that hold boxes: of YOLO, of Pascal VOC and of COCO
_BOXES = (".txt", ".xml", ".json")
_COCO = re.compile(r"(coco|annotations|instances)[^/]*\.json$", re.IGNORECASE)
IF_BOXES = "if these are boxes for detection, they are not supported: give each picture one label"


def refuse_folders(raw: RawFiles, tops: Iterable[str]) -> None:
    """Raise if there are folders of which no file can be read: a class or split would be lost.

    Parameters
    ----------
    tops : the folders, each with a slash behind
    """
    for top in sorted(tops):
        inside = sorted(name for name in raw.names if name.startswith(top))
        tables = list(filter(table_files.suffix, inside))
        first = (tables or inside)[0]
        reason = registry.unreadable(first) or "convert them to another format"
        if not registry.unreadable(first) and boxes(inside, raw.names):
            reason = f"{IF_BOXES} in metadata.csv (file_name,label)"
        if all(map(listing.is_archive, inside)):
            reason = "unpack them"
        if tables:
            reason = f"move the table to {(raw.folder / top).parent} if it lists the files there"
        lost = f"{raw.folder / top} holds only files that are not read, as {first}"
        raise InputError(f"{lost}: {reason}, or take the folder out")


def boxes(unread: Iterable[str], names: Iterable[str]) -> list[str]:
    """The files that may hold boxes around parts of pictures.

    Parameters
    ----------
    unread : the files to look at
    names : of all files; boxes have the name of a picture but for the ending, or one of COCO
    """
    candidates = [name for name in unread if PurePosixPath(name).suffix.lower() in _BOXES]
    if not candidates:
        return []
    pictures = (name for name in names if registry.modality_of_file(name) == "image")
    stems = {PurePosixPath(name).stem for name in pictures}
    if not stems:
        return []
    return [name for name in candidates if PurePosixPath(name).stem in stems or _COCO.search(name)]


def remark_on(unused: Iterable[str], examples: Iterable[str], remarks: Remarks) -> set[str]:
    """Add a remark on pictures and sounds that a class loses since their formats are not read.

    Parameters
    ----------
    unused : files that are no examples
    examples : files that are, in the folders of their classes

    Returns
    -------
    The files that are remarked on
    """
    classes = {name.rpartition("/")[0] for name in examples} - {""}
    lost = defaultdict(list)  # by the reason
    for name in sorted(unused):
        reason = registry.unreadable(name)
        if reason and classes & set(map(str, PurePosixPath(name).parents)):
            lost[reason].append(name)
    what = "files in folders of classes are not used"
    for reason, names in lost.items():
        remarks.add("ignored", len(names), what, first_of(names), reason)
    return set().union(*lost.values())


def in_no_folder(unused: Iterable[str]) -> str:
    """What to do with pictures or sounds that lie beside the folders of classes; "" without any.

    Parameters
    ----------
    unused : files that are no examples
    """
    modalities = list(filter(None, map(registry.modality_of_file, unused)))
    if not modalities:
        return ""
    loose = counted(len(modalities), registry.named(modalities[0]).NOUN)
    lie = "lies" if len(modalities) == 1 else "lie"
    remedy = "move each into that of its class, or into `unlabelled` if that is not known"
    return f"{loose} {lie} in no folder of a class: {remedy}"
