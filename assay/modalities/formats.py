"""Whether the payloads of a batch are what an encoder was learned from, and how they are read."""

from collections.abc import Sequence

from assay.contract.errors import InputError, first_of
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.modalities import image_form, image_range

_ONE_COLUMN = ["text"]  # of a batch of texts that names none
_OPTIONAL = ("range", "background", "fit", "characters")  # keys that plain payloads lack


def check(payload_format: Format, wanted: Format) -> list[str]:
    """What of a batch is not read, since the encoder was learned from other columns; for people.

    Parameters
    ----------
    payload_format : of the batch
    wanted : of the encoder

    Raises
    ------
    InputError
        If the payloads are not like those that the encoder was learned from.
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
        if value != known and not (name == "columns" and is_same_text):
            differ = f"{name} is {value}, but the encoder was learned from {known}"
            remedy = _remedy(name, payload_format, wanted)
            raise InputError(f"{differ}; take the batch off the lists{remedy}")
    if not is_same_text:
        differ = f"its texts are of the columns {columns}, those of the encoder of {wanted_columns}"
        raise InputError(f"{differ}; bring all batches to the same columns")
    return []


def _remedy(name: str, payload_format: Format, wanted: Format) -> str:
    """What gives payloads the value of `name` in a format, to end a message with."""
    if name == "range":  # without one, pictures have 8 bits, which `depth` does not change, or 16
        setting = f"set collect.depth: {wanted.get('range', image_range.DEPTH)} in params.yaml"
        return f", save all pictures with one depth, or, if none has 8 bits, {setting}"
    if name == "shape" and wanted["modality"] in ("image", "audio"):
        shapes = (payload_format["shape"], wanted["shape"])
        largest = list(map(max, *shapes))
        is_cut = wanted["modality"] == "image" and any(_is_cut(shape, largest) for shape in shapes)
        fit = ", collect.fit: pad" if is_cut and wanted.get("fit", image_form.FIT) == "crop" else ""
        lossless = f"{_settings(largest, wanted, fit)}, which loses nothing but changes ids"
        either = f"{lossless}, or set " if fit or largest != wanted["shape"] else ""
        return f", or set {either}{_settings(wanted['shape'], wanted)} in params.yaml"
    if wanted["modality"] == "text":
        return ", or name the column of texts `text`"
    return ""


def _is_cut(shape: Sequence[int], wanted: Sequence[int]) -> bool:
    """Whether pictures of a shape (height, width, channels) are of another aspect than wanted."""
    return shape[0] * wanted[1] != shape[1] * wanted[0]


def _settings(shape: Sequence[int], wanted: Format, fit: str = "") -> str:
    """The parameters that give payloads of the modality of `wanted` this shape."""
    if wanted["modality"] == "audio":
        return f"collect.seconds: {shape[0] / wanted['sample_rate']:g}"
    *size, channels = shape
    return f"collect.resize: {size}{fit} and collect.channels: {channels}"


def unread_columns(payload_format: Format, wanted: Format) -> Remarks:
    """Remarks on the columns of a table that are not read, as `check` tells them."""
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
    what = "columns are not read; all cells were empty where the encoder was learned"
    remarks.add("ignored", len(empty), what, first_of(empty))
    return remarks


def joined(first: Format, second: Format) -> Format:
    """The format in which two batches are read together.

    It is that of the first, with the types of columns that are empty there from the second.

    Raises
    ------
    InputError
        If they are not alike, see `check`.
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
    """The format of payloads, of what encoder.json holds."""
    names = ("modality", "shape", "sample_rate", "features", "written", "left_out", "columns")
    return {name: encoder[name] for name in (*names, *_OPTIONAL) if name in encoder}
