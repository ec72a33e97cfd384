"""params.schema.json: up to date, and it accepts and refuses what Assay accepts and refuses."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from assay import schema

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "params.yaml").read_text()
SCHEMA = json.loads((ROOT / schema.SCHEMA).read_text())


def problems(section: str | None = None, **changes: object) -> list[str]:
    """What the schema says of params.yaml with some keys of a section changed."""
    parameters = yaml.safe_load(TEXT)
    (parameters[section] if section else parameters).update(changes)
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(parameters)]


def test_the_file_is_up_to_date() -> None:
    assert schema.schema(TEXT) == SCHEMA, "run `make schema`"


def test_params_yaml_names_it_in_its_first_line() -> None:
    assert TEXT.splitlines()[0] == f"# yaml-language-server: $schema={schema.SCHEMA}"


def test_params_yaml_is_valid() -> None:
    assert not problems()


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (None, "batches", []),
        (None, "thread", 1),
        ("train", "start", "anywhere"),
        ("train", "learning_rate", 0),
        ("collect", "channels", 2),
        ("collect", "resize", [28]),
        ("clean", "beyond", {"leak": "flag"}),
    ],
)
def test_what_is_wrong_is_seen(section: str | None, key: str, value: object) -> None:
    assert problems(section, **{key: value})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("train", "steps", 100), ("collect", "resize", [28, 28]), ("pretrain", "encoder", "bert")],
)
def test_what_is_allowed_passes(section: str, key: str, value: object) -> None:
    assert not problems(section, **{key: value})


def test_a_key_is_described_by_the_lines_above_it_and_its_own() -> None:
    text = "a:   # of a\n  # above b,\n  # still\n  b: 1   # and b\n  c: 2\n\n# lost\n\nd: [1]  # of d\n"
    described = {("a",): "of a", ("a", "b"): "above b, still and b", ("d",): "of d"}
    assert schema.comments(text) == described
