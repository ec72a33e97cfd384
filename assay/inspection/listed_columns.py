"""Whether a batch has the columns of the listed ones, as `pretrain` and `embed` will ask for."""

from contextlib import suppress
from typing import Any

import numpy as np

from assay.contract import parquet_files, paths
from assay.contract.errors import InputError, first_of
from assay.contract.parameters import Parameters
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.contract.sampling import step_for
from assay.contract.stored_rows import StoredRows
from assay.inspection.edits import OF_WORDS, Edits
from assay.layouts import raw_folder
from assay.modalities import formats, registry

_ROWS = 20_000  # rows of a listed batch that are read at most, where it is not collected


def format_of(
    modality: str, decoded: np.ndarray | StoredRows, raw: Any, params: Parameters
) -> Format | None:
    """What payloads are, as `collect` would note it; None unless they are read from columns.

    Parameters
    ----------
    decoded : (n, ...), n > 0
    raw : (n,), what they were decoded from
    """
    if modality not in OF_WORDS:
        return None
    return registry.named(modality).to_columns(decoded, [0], raw, params.collect)[1]


def check(batch: str, own: Format | None, proposed: Edits, params: Parameters) -> Remarks:
    """Remarks on columns of a batch that will not be read beside the other listed ones.

    Parameters
    ----------
    own : of the batch, from `format_of`
    proposed : the lists with the batch

    Raises
    ------
    InputError
        If the batch lacks a column that the encoder will be learned from, or another one does.
    """
    pretrain = proposed.get("pretrain.batches", params.pretrain.batches)
    listed = proposed.get("batches", params.batches)
    if not own:
        return Remarks()
    encoder: Format = {}
    read: list[str] = []  # batches so far
    for name in dict.fromkeys([*pretrain, *listed]):
        payload_format = own if name == batch else _known(name, params)
        if not payload_format:
            continue
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


def _known(batch: str, params: Parameters) -> Format | None:
    """What the payloads of a listed batch are, as collected or else raw; None if not known."""
    with suppress(InputError, OSError):
        if paths.examples(batch).exists():
            return parquet_files.read_payload_format(paths.examples(batch))
        raw = raw_folder.read(paths.RAW / batch, params.collect.largest_file)
        if raw.modality in OF_WORDS:
            step = step_for(len(raw.examples), _ROWS)
            payload = raw.payload[::step]
            places = [example.place for example in raw.examples[::step]]
            module = registry.named(raw.modality)
            decoded = module.canonical(payload, places, params.collect, Remarks())
            return format_of(raw.modality, decoded, payload, params)
    return None
