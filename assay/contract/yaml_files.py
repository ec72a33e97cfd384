"""Read YAML of unknown origin in limited time and memory."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML  # as DVC: it reads 1e-05 as a number and refuses a repeated key
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

from assay.contract import merging, plain_files
from assay.contract.errors import InputError

_LARGEST = 2_000_000  # bytes; 20,000 batches take less
_DEEPEST = 20  # levels of nested sections; the C parser crashes at some thousands
_LONGEST = 1000  # characters of a name or value; Python cannot print numbers of some 1000 digits
_MOST_ALIASES = 20  # nested aliases can make a small file huge


def read(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Raises
    ------
    InputError
        If it is no regular file, is no YAML, is too large or too deep, has no keys, or if git could
        not merge it.
    """
    if plain_files.check(path).st_size > _LARGEST:
        raise InputError(f"{path} has more than {_LARGEST} bytes: is it the right file?")
    return parse(path, plain_files.read(path))


def parse(name: Path | str, content: bytes) -> dict[str, Any]:
    """The keys and values of the content of a file, see `read`; `name` is for messages."""
    if conflict := merging.conflict(name, content):
        raise InputError(conflict)
    yaml = YAML(typ="safe")
    try:
        text = content.decode()
        _check(name, yaml, text)
        values = yaml.load(text)
    except InputError:
        raise
    except Exception as error:  # the parser raises its own errors, and Python's too
        raise InputError(f"{name} is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise InputError(f"{name} must hold keys with values")
    return values


def value_of(values: dict[str, Any], key: str) -> Any:
    """The value of a key with dots, such as `clean.beyond`; None if there is none."""
    value: Any = values
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _check(name: Path | str, yaml: YAML, text: str) -> None:
    """Raise if the text could take too much time or memory. It is parsed event by event."""
    depth = aliases = 0
    for event in yaml.parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        aliases += isinstance(event, AliasEvent)
        line = f"{name} line {event.start_mark.line + 1}"
        if isinstance(event, ScalarEvent) and len(event.value) > _LONGEST:
            raise InputError(f"{line} has a value of more than {_LONGEST} characters: shorten it")
        if depth > _DEEPEST:
            raise InputError(f"{line} has more than {_DEEPEST} brackets in brackets: remove some")
        if aliases > _MOST_ALIASES:
            raise InputError(f"{line} has more than {_MOST_ALIASES} aliases: write values out")
