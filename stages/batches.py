"""Check the lists of batches first: for a missing folder, DVC would say only `[Errno 2]`."""

import os

from assay.contract import git, parameters, paths
from assay.contract.errors import InputError, run, say

_IN_EXPERIMENT = "DVC_EXP_BASELINE_REV"  # which `dvc exp run` sets


def main() -> None:
    params = parameters.load()
    user_batches = [batch for batch in params.batches if batch not in params.digits.batches]
    check_there(user_batches)
    for batch in user_batches:
        if not is_tracked(batch):
            folder = paths.RAW / batch
            untracked = f"{folder} is tracked by neither DVC nor git"
            risk = "so no colleague and no experiment gets it"
            say(f"{untracked}, {risk}: type `dvc add {folder}`, then `git add {folder}.dvc`")


def check_there(user_batches: list[str]) -> None:
    """Raise InputError if a listed batch is a link, or has no folder and no .dvc file."""
    for batch in user_batches:
        folder = paths.RAW / batch
        if folder.is_symlink():
            leads = f"{folder} is a link to {folder.readlink()}"
            raise InputError(f"{leads}: put the folder itself there")
        if not folder.exists() and not folder.with_name(f"{batch}.dvc").exists():
            names = {path.name.removesuffix(".dvc") for path in paths.RAW.glob("[!.]*")}
            there = sorted(names - {"README.md"})
            missing = f"there is no {folder}, which params.yaml lists in batches"
            remedy = "correct the name, or put the folder there"
            if _IN_EXPERIMENT in os.environ:
                add = f"type `git add {folder}.dvc`"
                remedy += f"; with --temp or --queue, DVC copies only what git tracks: {add}"
            others = f"; there are {', '.join(there)}" if there else ""
            raise InputError(f"{missing}: {remedy}{others}")


def is_tracked(batch: str) -> bool:
    """Whether DVC or git tracks the batch, or a file in it."""
    folder = paths.RAW / batch
    if folder.with_name(f"{batch}.dvc").exists():
        return True
    return git.tracks_within(folder) is not False  # without a repository there is nothing to report


if __name__ == "__main__":
    run(main)
