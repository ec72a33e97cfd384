"""Messages about files beside pictures and sounds that are no examples."""

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

# endings of files of boxes: YOLO, Pascal VOC and COCO
_BOXES = (".txt", ".xml", ".json")
_COCO = re.compile(r"(coco|annotations|instances)[^/]*\.json$", re.IGNORECASE)
IF_BOXES = "if these are boxes for detection, they are not supported: give each picture one label"


def refuse_folders(raw: RawFiles, tops: Iterable[str]) -> None:
    """Raise if there are folders without a readable file: a class or split would be lost.

    Parameters
    ----------
    tops : these folders, each with a slash at its end
    """
    for top in sorted(tops):
        inside = sorted(name for name in raw.names if name.startswith(top))
        tables = list(filter(table_files.suffix, inside))
        first = (tables or inside)[0]
        if tables:
            remedy = f"move the table to {(raw.folder / top).parent} if it lists the files there"
        elif all(map(listing.is_archive, inside)):
            remedy = "unpack them"
        elif reason := registry.unreadable(first):
            remedy = reason
        elif boxes(inside, raw.names):
            remedy = f"{IF_BOXES} in metadata.csv (file_name,label)"
        else:
            remedy = "convert them to another format"
        lost = f"{raw.folder / top} holds only files that are not read, as {first}"
        raise InputError(f"{lost}: {remedy}, or take the folder out")


def boxes(unread: Iterable[str], names: Iterable[str]) -> list[str]:
    """The files that may hold boxes around parts of pictures.

    Parameters
    ----------
    unread : the files to look at
    names : of all files; a file of boxes has the name of a picture with another ending, or a name
        that is usual for COCO
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
    """Add a remark on pictures and sounds in folders of classes whose formats cannot be read.

    Parameters
    ----------
    unused : files that are no examples
    examples : files that are examples, in the folders of their classes

    Returns
    -------
    The files in the remark
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
    """What to do with pictures or sounds beside the folders of classes; "" if there are none.

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
