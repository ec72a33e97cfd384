"""The stages of the pipeline, one module for each name in dvc.yaml; run as `python -m stages.<name>`."""

import os
import sys

from assay import arithmetic
from assay.errors import run

run(arithmetic.fix)  # must come before the first import of numpy, so it cannot wait for the stage itself


class _NoPandas:
    """pyarrow imports pandas where it finds it, which takes longer than all that a stage of one batch does."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError(name)


if "@" in os.environ.get("DVC_STAGE", ""):
    sys.meta_path.insert(0, _NoPandas())
