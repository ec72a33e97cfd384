"""The folder in which stages and commands run: all paths are relative to it."""

from pathlib import Path

from assay.contract.errors import InputError

PARAMETERS = Path("params.yaml")


def check() -> None:
    """Raise outside of a project, where `dvc repro` cannot make what is missing."""
    if not PARAMETERS.exists():
        raise InputError(f"{PARAMETERS} is missing: run this in the folder that holds dvc.yaml")
