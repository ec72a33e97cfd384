"""Check the lists of batches, note them for the stages that read whole folders, and clear what left the lists."""

import shutil

from assay import dataset, parameters
from assay.errors import run


def main() -> None:
    params = parameters.load()
    clear(params.batches, params.pretrain.batches)
    dataset.write_json(dataset.LISTED, {"batches": params.batches})
    dataset.write_json(dataset.LISTED_FOR_PRETRAINING, {"batches": params.pretrain.batches})


def clear(listed: list[str], listed_for_pretraining: list[str]) -> None:
    """Remove the files of batches that are on no list: left there, they would count in the hash of their folder."""
    for folder, batches in (
        (dataset.COLLECTED, listed),
        (dataset.EMBEDDED, listed),
        (dataset.SAMPLED, listed_for_pretraining),
    ):
        for path in folder.glob("*"):
            name = path.name if folder == dataset.COLLECTED else path.stem
            if name not in batches:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


if __name__ == "__main__":
    run(main)
