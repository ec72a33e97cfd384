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
    kept = {dataset.examples(batch).parent for batch in listed} | {*map(dataset.embeddings, listed)}
    kept |= {*map(dataset.sample, listed_for_pretraining)}
    for folder in (dataset.COLLECTED, dataset.EMBEDDED, dataset.SAMPLED):
        for path in set(folder.glob("*")) - kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


if __name__ == "__main__":
    run(main)
