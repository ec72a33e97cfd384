"""Check that there are test examples, before a model is trained."""

import pandas as pd

from assay.contract.errors import InputError


def check(examples: pd.DataFrame) -> None:
    """Raise InputError if no example is in the test split. The message says how to get one."""
    if not (examples["split"] == "test").any():
        own = "if a batch has a column `split` or folders of splits, give examples the split test"
        remedy = f"{own}; else raise collect.test in params.yaml"
        raise InputError(f"no example is in the test split: {remedy}; then type `dvc repro`")
