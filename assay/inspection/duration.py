"""How long the whole pipeline will take on this machine: about, for a person who waits."""

import timeit

import numpy as np

# Seconds of a whole `dvc repro` with the default parameters, by `python -m benchmarks.inspection`:
# at least, and for each example and each of its values (pixels, samples, characters, cells).
_COSTS = {
    "image": (45.0, 0.0, 2.0e-6),
    "audio": (60.0, 0.0, 2.0e-6),
    "text": (30.0, 2.0e-3, 0.0),
    "table": (40.0, 1.0e-3, 0.0),
}
_PRODUCTS = 10  # that time this machine
_SIDE = 400
_USUAL = 0.010  # seconds of one product on the machine of the benchmark


def seconds(modality: str, n_examples: int, values: float, decoding: float) -> float:
    """Seconds that the pipeline will take.

    Parameters
    ----------
    values : mean number of values of an example
    decoding : seconds to decode one example, as measured here
    """
    least, of_example, of_value = _COSTS[modality]
    work = least + n_examples * (of_example + of_value * values)
    return work * _slowness() + n_examples * decoding


def _slowness() -> float:
    """The time of a product of matrices here, relative to the machine of the benchmark."""
    matrix = np.ones((_SIDE, _SIDE))
    return min(timeit.repeat(lambda: matrix @ matrix, number=1, repeat=_PRODUCTS)) / _USUAL
