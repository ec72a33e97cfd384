"""The parameters in params.yaml, checked at the start of every stage."""

import re
import reprlib
from collections import Counter
from contextlib import suppress
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from assay.contract import edited_inputs, git, paths, validation, yaml_files
from assay.contract.errors import InputError, counted, first_of
from assay.contract.sections import (
    Annotate,
    Annotator,
    Clean,
    Collect,
    Digits,
    Embed,
    Evaluate,
    Pretrain,
    Report,
    Section,
    Train,
)

_UNITS = {"MiB": 2**20, "GiB": 2**30}  # bytes
_AMOUNT = f"^[1-9][0-9]{{0,5}} ({'|'.join(_UNITS)})$"  # of memory
# Versions of params.yaml that may have keys that the user's file lacks. An edit, or a merge of a
# newer Assay, may have removed them.
_OTHER_VERSIONS = ("HEAD", "MERGE_HEAD", "HEAD^2", "FETCH_HEAD")


class Parameters(Section):
    portable: bool
    threads: Annotated[int, Field(ge=1, le=1024)]
    memory: Annotated[str, Field(pattern=_AMOUNT)]  # for a stage, without the libraries
    batches: list[str] = Field(min_length=1)
    digits: Digits
    collect: Collect
    pretrain: Pretrain
    embed: Embed
    clean: Clean
    annotate: Annotate
    train: Train
    evaluate: Evaluate
    report: Report

    @model_validator(mode="after")
    def _lists_of_batches(self) -> "Parameters":
        _check_names("batches", self.batches)
        _check_names("pretrain.batches", self.pretrain.batches)
        _check_names("digits.batches", list(self.digits.batches))
        listed = set(self.batches)
        unlisted = [name for name in self.pretrain.batches if name not in listed]
        if unlisted:
            remedy = "add it there, or take it off pretrain.batches"
            raise ValueError(f"pretrain.batches: {unlisted[0]} is not in batches: {remedy}")
        return self

    @field_validator("memory", mode="before")
    @classmethod
    def _amount(cls, memory: object) -> object:
        if not isinstance(memory, str) or not re.match(_AMOUNT, memory):
            raise ValueError(f"must be an amount, as 4 GiB or 512 MiB, not {reprlib.repr(memory)}")
        return memory

    @property
    def memory_bytes(self) -> int:
        """The memory budget in bytes. No output depends on it, so no stage declares it."""
        number, unit = self.memory.split()
        return int(number) * _UNITS[unit]

    def digits_beside(self, batch: str) -> list[str]:
        """The listed batches of the digits example, if `batch` is a batch of the user; else none.

        Only a message uses them: no output depends on them, so no stage declares them.
        """
        digits = [name for name in self.batches if name in self.digits.batches]
        return [] if batch in self.digits.batches else digits


def _check_names(key: str, names: list[str]) -> None:
    for name, count in Counter(names).items():
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name) or set(name) == {"."}:
            raise ValueError(f"{key}: {name!r} is no batch name: use letters, digits, ., _ and -")
        if count > 1:
            raise ValueError(f"{key}: {name} is listed twice")


def load() -> Parameters:
    """Read and check params.yaml.

    Raises
    ------
    InputError
        If a key is wrong. The line names the first one, what is allowed, and what was found.
    """
    paths.check_project()
    edited_inputs.note(paths.PARAMETERS, lambda: [paths.PARAMETERS])
    values = yaml_files.read(paths.PARAMETERS)
    edited_inputs.note_parameters(values)
    try:
        return Parameters.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{paths.PARAMETERS}: {_first_problem(error)}") from None


def _first_problem(error: ValidationError) -> str:
    problems = error.errors()
    unknown = [problem for problem in problems if problem["type"] == "extra_forbidden"]
    problem = (unknown or problems)[0]  # a key with a typing error is also missing
    place = problem["loc"]
    key = ".".join(map(str, place))
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key; allowed here: {', '.join(_section(place[:-1]).model_fields)}"
    if problem["type"] == "missing":
        missing = [other["loc"] for other in problems if other["type"] == "missing"]
        others = [".".join(map(str, place)) for place in missing[1:]]
        like = f", like {counted(len(others), 'other key')} ({first_of(others)})" if others else ""
        return f"{key}: missing{like}; {_where_none_is_missing()}"
    is_name = not isinstance(problem["input"], list | dict | None)  # such as a number or a date
    is_to_quote = problem["type"] == "string_type" and is_name
    remedy = ': put a name in quotes, as in "2024"' if is_to_quote else ""
    return f"{validation.first_problem(error)}{remedy}"


def _where_none_is_missing() -> str:
    """A message that says where to find the parameters that params.yaml lacks."""
    for version in _OTHER_VERSIONS:
        name = f"{version}:./{paths.PARAMETERS}"
        content = git.ask("show", name)
        with suppress(InputError, ValidationError):
            Parameters.model_validate(yaml_files.parse(name, content or b""))
            return f"copy from `git show {name}`, which has all"
    return "copy from the params.yaml that Assay came with"


def _section(place: tuple[int | str, ...]) -> Any:
    """The section at a place in params.yaml."""
    section: Any = Parameters
    for name in place:
        if section is Digits:  # `annotators` has names of people, and each is an Annotator
            return Annotator
        section = section.model_fields[name].annotation
    return section
