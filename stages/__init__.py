"""The stages: one module for each name in dvc.yaml, run as `python -m stages.<name>`."""

from assay.contract import errors

errors.end_on_interrupt()  # before slow imports

from assay.contract import startup  # noqa: E402

errors.run(startup.prepare)  # before a stage imports numpy, whose settings are read once
