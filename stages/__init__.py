"""The stages: one module for each name in dvc.yaml, run as `python -m stages.<name>`."""

from assay.contract import startup
from assay.contract.errors import run

run(startup.prepare)  # before a stage imports numpy, whose settings are read once
