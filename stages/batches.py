"""Check the lists of batches before anything reads them: DVC says of a missing folder no more than `[Errno 2]`."""

import shutil
import subprocess
import sys

from assay.contract import parameters, paths
from assay.contract.errors import InputError, run


def main() -> None:
    params = parameters.load()
    own = [batch for batch in params.batches if batch not in params.digits.batches]
    check_there(own)
    for batch in own:
        if not is_tracked(batch):
            folder = paths.RAW / batch
            said = "is kept by neither DVC nor git, so no colleague and no experiment gets it"
            print(f"assay: {folder} {said}: type `dvc add {folder}`", file=sys.stderr)


def check_there(own: list[str]) -> None:
    """Raise where a listed batch has neither a folder nor what DVC could fetch it by."""
    there = sorted(
        {path.name.removesuffix(".dvc") for path in paths.RAW.glob("[!.]*")} - {"README.md"}
    )
    for batch in own:
        if batch not in there:
            lists = f"there is no {paths.RAW / batch}, which params.yaml lists in batches"
            raise InputError(
                f"{lists}: correct the name, or put the folder there; there are {', '.join(there)}"
            )


def is_tracked(batch: str) -> bool:
    """Whether DVC or git keeps the batch, or a file in it."""
    folder = paths.RAW / batch
    if folder.with_name(f"{batch}.dvc").exists() or any(folder.rglob("*.dvc")):
        return True
    git = shutil.which("git")
    if git is None:
        return True
    listed = subprocess.run([git, "ls-files", "--", folder], capture_output=True, check=False)
    return (
        bool(listed.stdout) or listed.returncode != 0
    )  # without a git repository there is nothing to be told


if __name__ == "__main__":
    run(main)
