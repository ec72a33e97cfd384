"""The stages of the pipeline, one module for each name in dvc.yaml; run as `python -m stages.<name>`."""

from assay import arithmetic

arithmetic.fix()  # must come before the first import of numpy, so it cannot wait for the stage itself
