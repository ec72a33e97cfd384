"""What can be told of sounds without a model: how loud and how long they are, and what is wrong with them."""

import numpy as np

REASONS = {"silent": "nothing is heard", "clipped": "too loud for its recording: peaks are cut off"}
fingerprint = None  # copies are told by their embeddings
_FULL_SCALE = 2**15
_SILENT = -60.0  # dB of full scale, of all samples together
_CLIPPED = (
    0.001  # share of the samples that are as large as samples can be, and so are those beside them
)


def statistics(sounds: np.ndarray) -> dict[str, np.ndarray]:
    """How sounds (n, samples) int16 are, by name, (n,) each.

    `loudness` in dB of full scale, -100 at the least; `length`, the share of the samples before the silence at the end;
    `clipping`, the share of samples at full scale that are not alone there.
    """
    full = (sounds >= _FULL_SCALE - 1) | (sounds <= 1 - _FULL_SCALE)  # (n, samples)
    power = np.square(sounds / np.float32(_FULL_SCALE)).mean(axis=1)
    sounding = np.where(
        sounds.any(axis=1), sounds.shape[1] - (sounds[:, ::-1] != 0).argmax(axis=1), 0
    )
    return {
        "loudness": 10 * np.log10(power + 1e-10),
        "length": sounding / sounds.shape[1],
        "clipping": (full[:, 1:] & full[:, :-1]).mean(axis=1),
    }


def problems(statistics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is wrong with sounds of these statistics, by kind, (n,) bool each."""
    return {
        "silent": statistics["loudness"] < _SILENT,
        "clipped": statistics["clipping"] > _CLIPPED,
    }
