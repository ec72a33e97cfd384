"""Which stage a version has yet to run, by its dvc.lock: its predictions are of an older model.

`dvc exp run train` and `dvc repro annotate` stop before `evaluate`. So does a build that fails.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.contract import paths, plain_files

# Those that predictions come from, in their order.
_STAGES = ("collect", "sample", "pretrain", "embed", "clean", "annotate", "train", "evaluate")
_PARAMETERS = "params.yaml"
_MODEL = paths.CLASSIFIER.parent.as_posix()
Values = dict[str, Any]  # of a YAML file


def first(record: Values, parameters: Values) -> str | None:
    """The first stage that ran on other inputs or parameters than the version has; None if none.

    What the record does not know is not compared, and neither is code.

    Parameters
    ----------
    record : the content of dvc.lock
    parameters : the content of params.yaml
    """
    ran = list(_of_listed_batches(record, parameters))
    made = [out for _, stage in ran for out in stage.get("outs", []) if "md5" in out]
    outs = {out["path"]: out["md5"] for out in made}
    for name, stage in sorted(ran, key=lambda item: _STAGES.index(item[0])):
        used = stage.get("params", {}).get(_PARAMETERS, {})
        if any(value != _value(parameters, key) for key, value in used.items()):
            return name
        if any(_is_other(dep, outs) for dep in stage.get("deps", [])):
            return name
    return None


def is_model_of(record: Values) -> bool:
    """Whether the model files in the workspace are those that DVC noted after `train`."""
    outs = record.get("stages", {}).get("train", {}).get("outs", [])
    hash_of = {Path(out["path"]): out.get("md5") for out in outs}
    files = [path for path in (paths.CLASSIFIER, paths.CLASSES) if path in hash_of]
    return all(_hash(path) == hash_of[path] for path in files if path.exists())


def _of_listed_batches(record: Values, parameters: Values) -> Iterator[tuple[str, Values]]:
    """The stages, without those of batches that are no longer listed: DVC keeps their records."""
    pretrain = parameters.get("pretrain") or {}
    for full_name, stage in record.get("stages", {}).items():
        name, _, batch = full_name.partition("@")
        listed = (pretrain if name == "sample" else parameters).get("batches") or []
        if name in _STAGES and (not batch or batch in listed):
            yield name, stage


def _value(parameters: Values, key: str) -> Any:
    value: Any = parameters
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _is_other(dep: Values, outs: dict[str, str]) -> bool:
    """Whether a stage has read a file or folder that is not the one which another stage made."""
    path, read = dep["path"], dep.get("md5")
    if path in outs:
        return read != outs[path]
    start = f"{path}/"
    inside = sorted(name for name in outs if name.startswith(start))
    if not inside or (len(inside) != dep.get("nfiles") and path != _MODEL):
        return False  # a folder of data may also hold what unlisted batches left
    listing = [{"md5": outs[name], "relpath": name.removeprefix(start)} for name in inside]
    content = json.dumps(listing).encode()  # as DVC hashes a folder
    return read != hashlib.md5(content, usedforsecurity=False).hexdigest() + ".dir"


def _hash(path: Path) -> str:
    plain_files.check(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
