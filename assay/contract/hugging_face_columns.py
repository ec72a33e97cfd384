"""Unpack the special columns of Parquet files that Hugging Face's `datasets` writes.

A picture or sound is a struct of its bytes and its path. Classes are numbers; the schema has their
names.
"""

import json

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.arrow_types import is_file
from assay.contract.errors import InputError
from assay.contract.remarks import Remarks

MEDIA = {"image": "Image", "audio": "Audio"}  # Hugging Face's types of files, by modality
_MODALITIES = {type_: modality for modality, type_ in MEDIA.items()}
_NO_CLASS = -1  # of a label that is not known


def unpacked(table: pa.Table, place: object, remarks: Remarks) -> tuple[pa.Table, list[str]]:
    """The table with files as bytes and classes as names, and the columns that hold classes.

    Raises
    ------
    InputError
        If a class has no name, or if the table has the name of a file without its content.
    """
    features = _features(table)
    classes = []
    for index, field in enumerate(table.schema):
        feature = features.get(field.name, {})
        column = table.column(index)  # `columns` would list all of them each time
        place_of_column = f"{place}: {field.name!r}"
        if is_file(field.type):
            name = field.name
            modality = _MODALITIES.get(str(feature.get("_type")))
            if modality and modality not in table.column_names:
                name = modality
                what = f"column holds files of the modality {modality}"
                remarks.add("guessed", 1, what, repr(field.name))
            table = table.set_column(index, name, _content(column, place_of_column))
        elif feature.get("_type") == "ClassLabel" and pa.types.is_integer(field.type):
            classes.append(field.name)
            names = feature.get("names")
            class_names = names if isinstance(names, list) else []
            texts = _class_names(column, class_names, place_of_column)
            table = table.set_column(index, field.name, texts)
    return table, classes


def _features(table: pa.Table) -> dict[str, dict]:
    """What the schema says of each column; it lacks columns of which nothing readable is said."""
    try:
        described = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
        features = dict(described["info"]["features"])
    except (ValueError, LookupError, TypeError):
        return {}
    return {name: feature for name, feature in features.items() if isinstance(feature, dict)}


def _content(column: pa.ChunkedArray, place: str) -> pa.ChunkedArray:
    content = pc.struct_field(column, "bytes")
    names = pc.struct_field(column, "path")
    named_only = pc.and_(pc.is_null(content), pc.is_valid(names))
    if pc.any(named_only).as_py():
        first = names.filter(named_only)[0].as_py()
        remedy = "export it with `embed_external_files=True`"
        raise InputError(f"{place} names the file {first!r}, and does not hold it: {remedy}")
    return content


def _class_names(column: pa.ChunkedArray, known_names: list, place: str) -> pa.ChunkedArray:
    known = pc.if_else(pc.equal(column, _NO_CLASS), None, column)
    bounds = pc.min_max(known).as_py()
    if bounds["max"] is not None and not 0 <= bounds["min"] <= bounds["max"] < len(known_names):
        label = bounds["min"] if bounds["min"] < 0 else bounds["max"]
        wrong = f"{place} is {label}, but the schema names {len(known_names)} classes"
        raise InputError(f"{wrong}: export the file again")
    texts = [None if name is None else str(name) for name in known_names]
    return pc.take(pa.chunked_array([pa.array(texts, pa.string())]), known)
