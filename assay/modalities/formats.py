"""Compare the format of a batch with the format that an encoder was learned from."""

from collections.abc import Sequence

from assay.contract.errors import InputError, first_of
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.modalities import image_form, image_range

WERE_EMPTY = "columns are not read; all cells were empty where the encoder was learned"
_ONE_COLUMN = ["text"]  # the column of texts if the format names none
_OPTIONAL = ("range", "background", "fit", "characters")  # keys that are only there if not default


def describe(payload_format: Format) -> str:
    """A format in words, for a message."""
    shape = " x ".join(map(str, payload_format["shape"]))
    return f"{payload_format['modality']} examples of shape {shape or 'free'}"


def check(payload_format: Format, wanted: Format) -> list[str]:
    """Check that an encoder can read a batch. The result says which columns it does not read.

    Parameters
    ----------
    payload_format : of the batch
    wanted : of the encoder

    Raises
    ------
    InputError
        If the format differs from the one that the encoder was learned from.
    """
    if payload_format["modality"] == wanted["modality"] == "table":
        return [remark.text() for remark in unread_columns(payload_format, wanted)]
    columns = payload_format.get("columns", _ONE_COLUMN)
    wanted_columns = wanted.get("columns", _ONE_COLUMN)
    are_single = len(columns) == len(wanted_columns) == 1
    is_same_text = columns == wanted_columns or are_single
    for name in dict.fromkeys((*payload_format, *_OPTIONAL)):
        value = payload_format.get(name)
        known = wanted.get(name)
        if value != known and name != "columns":
            differ = f"{name} is {value}, but the encoder was learned from {known}"
            remedy = _remedy(name, payload_format, wanted)
            raise InputError(f"{differ}; take the batch off the lists{remedy}")
    if not is_same_text:
        differ = f"its texts are of the columns {columns}, those of the encoder of {wanted_columns}"
        raise InputError(f"{differ}; bring all batches to the same columns")
    return []


def _remedy(name: str, payload_format: Format, wanted: Format) -> str:
    """The end of a message: how payloads get the wanted value of `name`."""
    if name == "range":  # without this key pictures have 8 bits (`depth` has no effect) or 16 bits
        setting = f"set collect.depth: {wanted.get('range', image_range.DEPTH)} in params.yaml"
        return f", save all pictures with one depth, or, if none has 8 bits, {setting}"
    if name == "shape" and wanted["modality"] in ("image", "audio"):
        shapes = (payload_format["shape"], wanted["shape"])
        largest = list(map(max, *shapes))
        is_image = wanted["modality"] == "image"
        crops = is_image and wanted.get("fit", image_form.FIT) == "crop"
        is_cut = crops and not all(image_form.has_ratio(shape, largest) for shape in shapes)
        fit = ", collect.fit: pad" if is_cut else ""
        lossless = f"{_settings(largest, wanted, fit)}, which loses nothing but changes ids"
        either = f"{lossless}, or set " if fit or largest != wanted["shape"] else ""
        return f", or set {either}{_settings(wanted['shape'], wanted)} in params.yaml"
    if wanted["modality"] == "text":
        return ", or name the column of texts `text`"
    return ""


def _settings(shape: Sequence[int], wanted: Format, fit: str = "") -> str:
    """The parameters that give images or sounds this shape."""
    if wanted["modality"] == "audio":
        return f"collect.seconds: {shape[0] / wanted['sample_rate']:g}"
    *size, channels = shape
    return f"collect.resize: {size}{fit} and collect.channels: {channels}"


def unread_columns(payload_format: Format, wanted: Format) -> Remarks:
    """Remarks on the columns of a table that the encoder does not read.

    Raises
    ------
    InputError
        If the table has not all columns that the encoder was learned from.
    """
    given = payload_format["features"]
    types = wanted["features"]
    more = given.keys() - types.keys() - set(wanted.get("left_out", []))
    unknown = first_of(sorted(map(repr, more)))
    missing = types.keys() - given.keys() - set(payload_format.get("left_out", []))
    if missing:
        names = first_of([repr(name) for name in types if name in missing])
        lacks = f"it has no column {names}, which the encoder was learned from"
        remedy = "add it, with empty cells where it is not known"
        if more:
            remedy += f", or rename it if it is called otherwise ({unknown})"
        keeps = "a column `split` or collect.group keeps them"
        raise InputError(f"{lacks}; {remedy}; ids change then, and splits too, unless {keeps}")
    empty = [repr(name) for name, type_ in given.items() if type_ != types.get(name) == "empty"]
    remarks = Remarks()
    what = "columns are not read; the encoder was learned from others"
    remarks.add("ignored", len(more), what, unknown)
    remarks.add("ignored", len(empty), WERE_EMPTY, first_of(empty))
    return remarks


def joined(first: Format, second: Format) -> Format:
    """The format in which two batches are read together.

    It is the format of the first. Columns that are empty there get their type from the second.

    Raises
    ------
    InputError
        If the formats differ, see `check`.
    """
    check(second, first)
    types = dict(first.get("features", {}))
    written = dict(first.get("written", {}))
    for name, type_ in types.items():
        if type_ == "empty":
            types[name] = second["features"].get(name, "empty")
            if way := second.get("written", {}).get(name):
                written[name] = way
    both = {"features": types, "written": written}
    return first | {name: values for name, values in both.items() if values}


def of_payload(encoder: Format) -> Format:
    """The format of payloads, from the content of encoder.json."""
    names = ("modality", "shape", "sample_rate", "features", "written", "left_out", "columns")
    return {name: encoder[name] for name in (*names, *_OPTIONAL) if name in encoder}
