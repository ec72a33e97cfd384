"""Which stage a version has yet to run, by its dvc.lock. Until then, predictions are out of date.

`dvc exp run train` and `dvc repro annotate` stop before `evaluate`. So does a build that fails.
New answers, and a raw batch after `dvc add`, may be committed before any build.
"""

import json
import math
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from dvc.repo import Repo

from assay.contract import files, paths, plain_files
from assay.contract.yaml_files import value_of

# The stages that lead to predictions, in their order.
_STAGES = (
    "digits",
    "collect",
    "sample",
    "pretrain",
    "embed",
    "clean",
    "annotate",
    "train",
    "evaluate",
)
Values = dict[str, Any]  # of a YAML file


def first(
    record: Values, values: Values, sources: dict[str, str], frozen: Collection[str]
) -> str | None:
    """The first stage that ran on other inputs or parameters than the version has; None if none.

    Only what the record or `sources` knows is compared. Code is not compared. So this does not
    notice a raw batch that was edited without `dvc add`, or a file of answers that was removed.

    Parameters
    ----------
    record : the content of dvc.lock
    values : the content of params.yaml
    sources : the hash of what no stage makes, by path
    frozen : stages that `dvc repro` does not run, as `collect@digits-1`
    """
    ran = dict(_of_listed_batches(record, values))
    made = [out for stage in ran.values() for out in stage.get("outs", []) if "md5" in out]
    hashes = {out["path"]: out["md5"] for out in made} | sources
    can_run = [full_name for full_name in ran if full_name not in frozen]
    for full_name in sorted(can_run, key=lambda name: _STAGES.index(_stage(name))):
        used = ran[full_name].get("params", {}).get(paths.PARAMETERS.as_posix(), {})
        deps = ran[full_name].get("deps", [])
        is_set_otherwise = any(value != value_of(values, key) for key, value in used.items())
        if is_set_otherwise or any(_is_other(dep, hashes) for dep in deps):
            return _stage(full_name)
    return None


def sources(repo: Repo, read: Callable[[Path], bytes | None]) -> dict[str, str]:
    """The hash of what no stage makes, by path: raw batches, answers, foreign encoders.

    For what DVC tracks, the hash is in its .dvc file. Folders that only git tracks are left out.
    The folder of the answers is not left out.

    Parameters
    ----------
    read : gives the content of a file of the version; None where it is not found
    """
    outs = [out for out in repo.index.outs if out.stage.is_data_source and out.hash_name == "md5"]
    noted = {Path(repo.fs.relpath(out.fs_path, repo.root_dir)): out.hash_info for out in outs}
    hashes = {path.as_posix(): info.value for path, info in noted.items() if _is_input(path)}
    with_parts = {folder for path in noted for folder in path.parents if _is_input(folder)}
    for folder in sorted(with_parts):
        hashes |= _hashes_in(folder, repo, lambda name: _noted(repo, name) or _hash(read(name)))
    return hashes | _hashes_in(paths.ANNOTATIONS, repo, lambda name: _hash(read(name)))


def _is_input(path: Path) -> bool:
    """Whether a stage reads this whole file or folder, and no stage makes it."""
    return path.parent == paths.RAW or path == paths.PRETRAINED


def _hashes_in(folder: Path, repo: Repo, hash_of: Callable[[Path], str | None]) -> dict[str, str]:
    """The hash of each file in a folder, without those in .dvcignore; {} if one is not known."""
    walked = repo.dvcfs.walk(folder.as_posix(), dvcfiles=True)
    names = [f"{inner}/{name}" for inner, _, inside in walked for name in inside]
    hashes = {name: hash_of(Path(name)) for name in names}
    known = {name: md5 for name, md5 in hashes.items() if md5 is not None}
    return known if len(known) == len(names) else {}  # part of a folder cannot be compared


def _noted(repo: Repo, path: Path) -> str | None:
    """The hash of a file that DVC tracks, alone or in a folder; None for any other."""
    return repo.dvcfs.info(path.as_posix()).get("dvc_info", {}).get("md5")


def _hash(content: bytes | None) -> str | None:
    return None if content is None else files.md5(content)


def frozen_stages(repo: Repo) -> set[str]:
    """The stages that `dvc freeze` keeps as they are."""
    return {getattr(stage, "name", "") for stage in repo.index.stages if stage.frozen}


def is_model_of(record: Values) -> bool:
    """Whether the model files in the workspace are those that DVC noted after `train`."""
    outs = record.get("stages", {}).get("train", {}).get("outs", [])
    hash_of = {Path(out["path"]): out.get("md5") for out in outs}
    model = (paths.CLASSIFIER, paths.CLASSES)
    present = [path for path in model if path in hash_of and path.exists()]
    for path in present:
        plain_files.check(path)
    return all(files.md5(path) == hash_of[path] for path in present)


def _stage(full_name: str) -> str:
    return full_name.partition("@")[0]


def _of_listed_batches(record: Values, values: Values) -> Iterator[tuple[str, Values]]:
    """The stages, without those of batches that are no longer listed: DVC keeps their records."""
    pretrain = values.get("pretrain") or {}
    for full_name, stage in record.get("stages", {}).items():
        name, _, batch = full_name.partition("@")
        batches = {batch} - {""}
        if name == "digits":
            batches = {Path(out["path"]).name for out in stage.get("outs", [])}
        listed = (pretrain if name == "sample" else values).get("batches") or []
        if name in _STAGES and (not batches or not batches.isdisjoint(listed)):
            yield full_name, stage


def _is_other(dep: Values, hashes: dict[str, str]) -> bool:
    """Whether a stage read a file or folder in another state than the version has it."""
    path, read = dep["path"], dep.get("md5")
    if path in hashes:
        return read != hashes[path]
    start = f"{path}/"
    inside = sorted(name for name in hashes if name.startswith(start))
    if not inside or dep.get("nfiles", math.inf) > len(inside):
        return False  # it also held files of unlisted batches, or files not in git
    listing = [{"md5": hashes[name], "relpath": name.removeprefix(start)} for name in inside]
    content = json.dumps(listing).encode()  # as DVC hashes a folder
    return read != files.md5(content) + ".dir"
