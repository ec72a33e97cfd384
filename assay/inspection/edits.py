"""The edits to params.yaml that a batch needs. Comments and order are kept."""

import io
from contextlib import suppress
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from assay.contract import files, paths, validation
from assay.contract.errors import InputError
from assay.contract.parameters import FILE, Parameters
from assay.layouts import raw_folder

Edits = dict[str, list[str]]  # lists by dotted key
_UNWRAPPED = 4096  # characters of a line
OF_WORDS = {"text", "table"}  # modalities that a column name may tell apart


def check(batch: str, modality: str, params: Parameters) -> None:
    """Raise unless a batch may stand on the lists.

    Raises
    ------
    InputError
        If its name is no batch name, or if another listed batch has another modality.
    """
    alone = params.pretrain.model_copy(update={"batches": [batch]})
    try:
        Parameters.model_validate(dict(params) | {"batches": [batch], "pretrain": alone})
    except ValidationError as error:
        raise InputError(f"{validation.first_problem(error)}: rename the folder") from None
    others = (name for name in _kept(batch, params.batches, params) if name != batch)
    for name in others:
        other = _modality(name, params.collect.largest_file)
        if other == modality:
            return
        if other:
            differ = f"it is of modality {modality}, but the listed batch {name} is of {other}"
            remedy = f"make a project for each, or take {name} out of both lists in params.yaml"
            texts = ", or name the column of texts `text`" if {modality, other} == OF_WORDS else ""
            raise InputError(f"{differ}, and a project holds one modality: {remedy}{texts}")


def _modality(batch: str, largest_file: int) -> str:
    """The modality of a listed batch, as collected or else raw; "" where it cannot be told."""
    with suppress(InputError, OSError):
        if paths.summary(batch).exists():
            return files.read_json(paths.summary(batch)).get("modality", "")
        return raw_folder.read(paths.RAW / batch, largest_file).modality
    return ""


def propose(batch: str, params: Parameters) -> Edits:
    """The two lists with a batch at their end.

    The digits that Assay came with leave the lists. A batch that is listed already stays in place.
    """
    edits: Edits = {}
    for key, names in (("batches", params.batches), ("pretrain.batches", params.pretrain.batches)):
        kept = _kept(batch, names, params)
        with_batch = kept if batch in kept else [*kept, batch]
        if with_batch != list(names):
            edits[key] = with_batch
    return edits


def _kept(batch: str, names: list[str], params: Parameters) -> list[str]:
    """The names that stay on a list: the example's digits leave for another batch."""
    digits = params.digits.batches
    return [name for name in names if name not in digits or batch in digits]


def as_yaml(key: str, value: Any) -> str:
    """A line to copy into params.yaml: in quotes what YAML would read as a number or date."""
    yaml = YAML(typ="safe")
    yaml.default_flow_style = None if isinstance(value, list) else False  # None: [a, b]
    yaml.width = _UNWRAPPED
    line = io.StringIO()
    yaml.dump({key: value}, line)
    return line.getvalue().rstrip("\n")


def write(edits: Edits) -> None:
    """Make the edits in params.yaml."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _UNWRAPPED
    values = yaml.load(FILE.read_text(encoding="utf-8"))
    for key, value in edits.items():
        *sections, name = key.split(".")
        section = values
        for part in sections:
            section = section[part]
        section[name][:] = value  # so that it keeps its style and comments
    text = io.StringIO()
    yaml.dump(values, text)
    files.write_bytes(FILE, text.getvalue().encode())
