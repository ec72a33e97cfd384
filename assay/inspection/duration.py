"""Estimate how long the whole pipeline will take on this machine, for a person who waits."""

import timeit

from assay.modalities import registry

# `SECONDS` of each modality are for a whole `dvc repro` with the default parameters: the least
# time, and the time for each example and for each of its values. Measured: 1,797 digits 50 s, 6,000
# of MNIST 115 s, 2,000 photos at most 395 s, 2,000 spoken digits 191 s, 10,000 questions 180 s, a
# table of 5,000 x 13 cells 67 s. Long sounds and texts: CPU time of the stages on 1,000 clips of
# 30 s and on 5,000 long documents, and of a step of training; see `benchmarks.inspection` and
# `benchmarks.long_examples`.
# Small data on two cores: 220 pictures of 48 x 48 in colour 82 s, 240 short texts about 20 s, a
# table of 240 x 6 cells 50 s.

# A network for images learns 5 times from each example, or from 600 batches if that is more.
_EPOCHS = 5
_STEPS = 600  # batches
_BATCH = 128  # examples, at most
_SMALLEST_BATCH = 16  # examples, at least; as in training.batches
_LEAST_BATCHES = 40  # of an epoch
_OF_LEARNING = (6e-4, 4.6e-7)  # seconds to learn from one of them, and from each of its values
# A network for few sounds takes a fixed number of steps. Their time grows with the length of a
# sound, up to the length from which spectrograms do not grow.
_OF_LENGTH = 1.7e-3  # seconds for each sample
_LONGEST = 160_000  # samples
_LOOP = "sum(number * number for number in range(20_000))"  # it times this machine
_REPEATS = 20
_USUAL = 0.00164  # seconds of the loop on the machine of these measurements
# Limits of `_slowness`: where Python is fast, training, which takes longest, need not be fast.
_RANGE = (1.0, 4.0)


def seconds(modality: str, n_examples: int, values: float, decoding: float) -> float:
    """Seconds that the pipeline will take.

    Parameters
    ----------
    values : mean number of values of an example
    decoding : seconds to decode one example, as measured here
    """
    least, of_example, of_value = registry.named(modality).SECONDS
    work = least + n_examples * (of_example + of_value * values)
    if modality == "image":
        batch = min(_BATCH, max(_SMALLEST_BATCH, n_examples / _LEAST_BATCHES))
        learned = max(_EPOCHS * n_examples, _STEPS * batch)
        work += learned * (_OF_LEARNING[0] + _OF_LEARNING[1] * values)
    if modality == "audio":
        work += _OF_LENGTH * min(values, _LONGEST)
    return work * _slowness() + n_examples * decoding


def _slowness() -> float:
    """The time of a loop in Python here, relative to the machine of the measurements.

    The time of a matrix product is not used: two machines had the same time, but `dvc repro` took
    2.5 times as long on one of them.
    """
    took = min(timeit.repeat(_LOOP, number=1, repeat=_REPEATS))
    return min(max(took / _USUAL, _RANGE[0]), _RANGE[1])
