"""Check that a batch fits the other listed ones, as `collect`, `pretrain` and `embed` will do."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from assay.catalogue import repeated_keys
from assay.collecting import splits
from assay.contract import class_names, csv_files, parquet_files, paths
from assay.contract.errors import InputError, first_of
from assay.contract.parameters import Parameters
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.inspection import sample
from assay.inspection.edits import Edits
from assay.layouts import raw_folder
from assay.layouts.raw_batch import RawBatch
from assay.modalities import formats, image_form, registry

_OF_WORDS = {"text", "table"}  # modalities that a column name may tell apart
_NEEDED = "every listed batch needs this column, or names of files that the pattern fits"
_BESIDE = "the other listed batches have it too"


class Listed(NamedTuple):
    """What is known of a listed batch: from its collected files, or else from its raw files.

    Attributes
    ----------
    modality : "" if it is not known
    format : of its payloads; None if it is not known
    ungrouped : whether the proposed group is "missing in" it, or "not known for" it; else ""
    """

    modality: str
    format: Format | None
    ungrouped: str


Reader = Callable[[str], Listed]


def read(batch: str, group: str | None, params: Parameters) -> Listed:
    """Read a listed batch. If it is collected, its raw files are read only to check the group.

    Parameters
    ----------
    group : the proposed value of `collect.group`
    """
    collected = None
    with suppress(InputError, OSError):
        collected = parquet_files.read_payload_format(paths.examples(batch))
    modality = collected["modality"] if collected else ""
    if collected and not group:
        return Listed(modality, collected, "not known for")
    try:
        raw = raw_folder.read(paths.RAW / batch, params.collect.largest_file)
    except (InputError, OSError):
        return Listed(modality, collected, "not known for")
    payload_format = collected
    if not collected:
        with suppress(InputError, OSError):
            payload_format = _format(raw, params)
    return Listed(modality or raw.modality, payload_format, _ungrouped(raw, group))


def _ungrouped(raw: RawBatch, group: str | None) -> str:
    """Empty if a batch has the proposed group, or none is proposed; else "missing in"."""
    try:
        splits.groups_of(raw, [""] * len(raw.examples), group)
    except InputError:
        return "missing in"
    return ""


def _format(raw: RawBatch, params: Parameters) -> Format:
    """The format of payloads that `collect` would write, from a sample."""
    collect = params.collect.suited_to(params.pretrain.encoder)
    step = sample.step(raw)
    payload = raw.payload[::step]
    places = [example.place for example in raw.examples[::step]]
    module = registry.named(raw.modality)
    decoded = module.canonical(payload, places, collect, Remarks())
    return module.to_columns(decoded, [0], payload, collect)[1]


def check_modality(
    batch: str, modality: str, listed: Reader, proposed: Edits, params: Parameters
) -> None:
    """Raise InputError if another listed batch has another modality.

    Parameters
    ----------
    listed : `read` with only the name as its argument
    proposed : the lists with the batch
    """
    for name in proposed.get("batches", params.batches):
        other = "" if name == batch else listed(name).modality
        if other == modality:
            return
        if other:
            differ = f"it is of modality {modality}, but the listed batch {name} is of {other}"
            remedy = f"make a project for each, or take {name} out of both lists in params.yaml"
            are_words = {modality, other} == _OF_WORDS
            texts = ", or name the column of texts `text`" if are_words else ""
            raise InputError(f"{differ}, and a project holds one modality: {remedy}{texts}")


def check_format(
    batch: str, own: Format | None, listed: Reader, proposed: Edits, params: Parameters
) -> Remarks:
    """Remarks on columns of a batch that will not be read because of the other listed batches.

    Parameters
    ----------
    own : the format of its payloads that `collect` would write; None if it is not known
    listed, proposed : as in `check_modality`

    Raises
    ------
    InputError
        If this batch or another one lacks a column that the encoder will be learned from; or if
        their pictures or sounds differ in shape, and no parameter sets the shape.
    """
    if not own:
        return Remarks()
    pretrain = proposed.get("pretrain.batches", params.pretrain.batches)
    batches = proposed.get("batches", params.batches)
    encoder: Format = {}
    read: list[str] = []  # batches so far
    for name in dict.fromkeys([*pretrain, *batches]):
        noted = own if name == batch else listed(name).format
        if not noted:
            continue
        payload_format = _as_set(noted, params.collect)
        try:
            together = formats.joined(encoder or payload_format, payload_format)
        except InputError as error:
            if name == batch:
                raise InputError(f"it does not fit {first_of(read)}: {error}") from None
            if batch in read:
                raise InputError(f"the listed batch {name} does not fit it: {error}") from None
            continue  # these two do not fit each other
        read.append(name)
        encoder = together if name in pretrain else encoder
    return formats.unread_columns(own, encoder) if own["modality"] == "table" else Remarks()


def _as_set(noted: Format, collect: Collect) -> Format:
    """The format with the shape that parameters set: they may be newer than a collected batch.

    For pictures the range of grey values is left out, because only a whole batch tells it.
    """
    if noted["modality"] == "image":
        *size, channels = noted["shape"]
        if isinstance(collect.resize, tuple):
            size = list(collect.resize)
        fit = {"fit": collect.fit} if collect.fit != image_form.FIT else {}
        return {"modality": "image", "shape": [*size, collect.channels or channels], **fit}
    if noted["modality"] == "audio":
        seconds = noted["shape"][0] / noted["sample_rate"]
        rate = collect.sample_rate
        length = round((seconds if collect.seconds == "auto" else collect.seconds) * rate)
        return {"modality": "audio", "shape": [length], "sample_rate": rate}
    return noted


def check_keys(ids: Mapping[str, str], keys: Collection[str], others: Iterable[str]) -> Remarks:
    """Remarks on examples that share a key with one of a collected batch, but not its content.

    Parameters
    ----------
    ids : of the examples that were decoded, by key
    keys : of all examples of the batch
    others : names of the other listed batches
    """
    remarks = Remarks()
    part = f"of {len(ids):,} examples looked at " if len(ids) < len(keys) else "examples "
    what = f"{part}have the key of an example of another listed batch, but other content"
    keys_here = pa.array(list(ids), pa.string())
    for name in others:
        path = paths.examples(name)
        with suppress(InputError, OSError):
            if parquet_files.is_numbered(path):
                continue
            table = parquet_files.read_parquet(path, ["key", "id"])
            table = table.filter(pc.is_in(table["key"], keys_here))
            known = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
            again = repeated_keys.of_other_content(ids, known, keys)
            places = [f"{name}/{key}" for key in again]
            remarks.note("doubtful", places, what, repeated_keys.REMEDY)
    return remarks


def check_classes(labels: Collection[str], others: Iterable[str]) -> Remarks:
    """A remark if a batch shares no class with the other batches that are collected.

    Parameters
    ----------
    labels : of the batch
    others : names of the other listed batches
    """
    known: set[str] = set()
    for name in others:
        with suppress(InputError, OSError):
            known.update(csv_files.read_csv(paths.labels(name), ["label"])["label"].to_pylist())
    names = set(labels)
    remarks = Remarks()
    if apart := class_names.apart(names, known):
        what = "classes are none of those of the other listed batches"
        remarks.add("doubtful", len(names), what, apart, "give them one name if they are the same")
    return remarks


def with_group(others: Iterable[str], listed: Reader) -> str:
    """A clause: whether the other batches can be grouped in this way, and which ones cannot."""
    wrong = defaultdict(list)  # names by what is said of them
    for name in others:
        wrong[listed(name).ungrouped].append(name)
    wrong.pop("", None)
    clauses = [f"{what} {first_of(names)}" for what, names in wrong.items()]
    return f"{_NEEDED}: {', '.join(clauses)}" if clauses else _BESIDE
