"""The edits to params.yaml that a batch needs. Comments and order are kept."""

import io
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from assay.contract import files, rewriting, validation, yaml_files
from assay.contract.errors import InputError
from assay.contract.parameters import Parameters
from assay.contract.paths import PARAMETERS

Edits = dict[str, list[str]]  # lists by dotted key
_UNWRAPPED = 4096  # characters of a line


def check(batch: str, params: Parameters) -> None:
    """Raise InputError unless params.yaml can list a batch of this name."""
    alone = params.pretrain.model_copy(update={"batches": [batch]})
    try:
        Parameters.model_validate(dict(params) | {"batches": [batch], "pretrain": alone})
    except ValidationError as error:
        raise InputError(f"{validation.first_problem(error)}: rename the folder") from None


def propose(batch: str, params: Parameters) -> Edits:
    """The lists `batches` and `pretrain.batches` with a batch at their end, if they change.

    Assay's own digits leave the lists, unless the batch is one of them. A batch that is listed
    already stays in place.
    """
    edits: Edits = {}
    digits = params.digits.batches
    for key, names in (("batches", params.batches), ("pretrain.batches", params.pretrain.batches)):
        kept = [name for name in names if name not in digits or batch in digits]
        with_batch = kept if batch in kept else [*kept, batch]
        if with_batch != list(names):
            edits[key] = with_batch
    return edits


def as_yaml(key: str, value: Any) -> str:
    """A line to copy into params.yaml. Text that YAML would read as a number or date is quoted."""
    yaml = YAML(typ="safe")
    yaml.default_flow_style = None if isinstance(value, list) else False  # None: [a, b]
    yaml.width = _UNWRAPPED
    line = io.StringIO()
    yaml.dump({key: value}, line)
    return line.getvalue().rstrip("\n")


def write(edits: Edits) -> None:
    """Make the edits in params.yaml, which keeps its line ends and its byte order mark."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _UNWRAPPED
    before = PARAMETERS.read_bytes()
    values = yaml.load(before.decode("utf-8-sig").replace("\r\n", "\n"))
    for key, value in edits.items():
        yaml_files.value_of(values, key)[:] = value  # so that it keeps its style and comments
    text = io.StringIO()
    yaml.dump(values, text)
    written = text.getvalue().encode()
    files.write_bytes(PARAMETERS, rewriting.in_form_of(before, written))
