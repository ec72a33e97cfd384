"""The JSON schema of params.yaml, for editors: `python -m assay.schema > params.schema.json`."""

import json
import re
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from assay.contract.parameters import Parameters
from assay.contract.paths import PARAMETERS

SCHEMA = Path("params.schema.json")
_KEY = re.compile(r"^( *)([\w-]+):")
_COMMENT = re.compile(r"(?:^| )#+ *(.+)$")


class _WithoutTitles(GenerateJsonSchema):
    """A title would only repeat the name of the key."""

    def field_title_should_be_set(self, _schema: object) -> bool:
        return False


def schema(text: str) -> dict[str, Any]:
    """The schema of the parameters, each key described by its comment in params.yaml.

    Parameters
    ----------
    text : the content of params.yaml
    """
    whole = Parameters.model_json_schema(schema_generator=_WithoutTitles)
    for path, comment in comments(text).items():
        _describe(whole, path, comment)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | whole


def comments(text: str) -> dict[tuple[str, ...], str]:
    """The comment of each key of a YAML file: the lines just above it, then the rest of its own."""
    described: dict[tuple[str, ...], str] = {}
    above: list[str] = []
    path: list[str] = []
    for line in text.splitlines():
        comment = _COMMENT.search(line)
        words = [comment[1]] if comment else []
        key = _KEY.match(line)
        if key:
            path = [*path[: len(key[1]) // 2], key[2]]
            described[tuple(path)] = " ".join(above + words)
        above = above + words if comment and not key else []
    return {path: comment for path, comment in described.items() if comment}


def _describe(whole: dict[str, Any], path: tuple[str, ...], comment: str) -> None:
    node = whole
    for name in path:
        section = whole["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        if name not in section.get("properties", {}):  # a name that the user chose
            return
        node = section["properties"][name]
    node["description"] = comment


if __name__ == "__main__":
    print(json.dumps(schema(PARAMETERS.read_text(encoding="utf-8")), indent=2, ensure_ascii=False))
