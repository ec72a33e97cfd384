"""The edits to params.yaml that a batch needs. Comments and order are kept."""

import io
from functools import reduce
from operator import getitem
from typing import Any

from ruamel.yaml import YAML

from assay.contract import files
from assay.contract.parameters import FILE, Parameters

Edits = dict[str, Any]  # values by dotted key


def propose(batch: str, params: Parameters) -> Edits:
    """The two lists with a batch at their end.

    The digits that Assay came with leave the lists. A batch that is listed already stays in place.
    """
    digits = params.digits.batches
    edits: Edits = {}
    for key, names in (("batches", params.batches), ("pretrain.batches", params.pretrain.batches)):
        kept = [name for name in names if name not in digits or batch in digits]
        with_batch = kept if batch in kept else [*kept, batch]
        if with_batch != list(names):
            edits[key] = with_batch
    return edits


def write(edits: Edits) -> None:
    """Make the edits in params.yaml."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # no line is wrapped
    values = yaml.load(FILE.read_text(encoding="utf-8"))
    for key, value in edits.items():
        *sections, name = key.split(".")
        section = reduce(getitem, sections, values)
        if isinstance(section[name], list):
            section[name][:] = value  # so that it keeps its style and comments
        else:
            section[name] = value
    text = io.StringIO()
    yaml.dump(values, text)
    files.write_bytes(FILE, text.getvalue().encode())
