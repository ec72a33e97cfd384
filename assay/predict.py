"""`python -m assay predict FILE…`: what the released model says of files; it reads nothing but release/."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from assay import dataset, modalities
from assay.errors import InputError
from assay.inference import Model


def predict(files: Sequence[Path]) -> Iterator[tuple[str, str, float]]:
    """Name, predicted class and its probability of each example in `files`, from the model in release/."""
    info = dataset.read_json(dataset.RELEASE_INFO)
    model = Model(dataset.RELEASE_MODEL, portable=True, threads=1)
    for path in files:
        if not path.exists():
            raise InputError(f"{path} is missing: name files that are there")
        payload = modalities.named(info["modality"]).read_file(path, info)
        for number, probabilities in enumerate(model(payload)):
            name = str(path) if len(payload) == 1 else f"{path} row {number + 2}"
            yield name, info["classes"][probabilities.argmax()], float(probabilities.max())
