"""Audio. Its canonical payload is one channel of 16-bit samples, at one rate and of one length."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assay.contract.errors import InputError, quiet
from assay.contract.parameters import Collect
from assay.contract.remarks import Remarks
from assay.modalities import arrays

COLUMN = "audio"
SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".opus"}
MEDIUM = "audio"
HTML = '<audio controls src="{}"></audio>'
LINE_BREAK = None
STEPS = 600
_FULL_SCALE = 2**15
# the most that `augment` changes
_SPEED = 0.15  # log of the factor
_SHIFT = 0.1  # share of the length
_GAIN = 0.5  # log of the factor
_NOISE = 0.01  # share of full scale


def canonical(
    raw: Sequence[bytes], places: Sequence[str], params: Collect, remarks: Remarks
) -> np.ndarray:
    """Decode sounds, mix their channels, resample, and cut or pad the end.

    Parameters
    ----------
    raw : encoded files
    places : the name of each sound in messages
    params : `sample_rate` in Hz and `seconds` of every sound

    Returns
    -------
    np.ndarray of shape (n, samples), int16

    Raises
    ------
    InputError
        If a sound cannot be decoded.
    """
    samples = round(params.seconds * params.sample_rate)
    sounds = np.zeros((len(raw), samples), np.int16)
    n_cut = 0
    with quiet():  # libraries write about damaged files themselves
        for sound, content, place in zip(sounds, raw, places, strict=True):
            decoded, is_whole = _decode(content, place, params)
            sound[: len(decoded)] = decoded[:samples]
            n_cut += not is_whole
    cut = f"of {len(raw)} sounds are longer than {params.seconds} s"
    remarks.add("cut", n_cut, cut, remedy="set collect.seconds in params.yaml")
    return sounds


def _decode(content: bytes, place: str, params: Collect) -> tuple[np.ndarray, bool]:
    """The kept samples (samples,) int16, and whether these are all."""
    import soundfile  # takes a tenth of a second, so only where there is sound
    import soxr

    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            wanted = int(params.seconds * file.samplerate) + 1
            channels = file.read(wanted, dtype="float32", always_2d=True)  # (samples, channels)
            is_whole = len(channels) < wanted or not len(file.read(1))
            rate = file.samplerate
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        reason = str(error).partition(": ")[2] or error
        remedy = "replace it or take it out"
        raise InputError(f"{place} cannot be decoded ({reason}): {remedy}") from None
    sound = channels.mean(axis=1)
    if rate != params.sample_rate and len(sound):
        sound = soxr.resample(sound, rate, params.sample_rate)
    finite = np.nan_to_num(sound, nan=0.0, posinf=1.0, neginf=-1.0)
    return _to_int16(finite * _FULL_SCALE), is_whole


def _to_int16(samples: np.ndarray) -> np.ndarray:
    return np.rint(samples).clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def to_columns(
    payload: np.ndarray, _rows: object, _raw: object, params: Collect
) -> tuple[dict[str, pa.Array], dict[str, Any]]:
    """The column for Parquet, and its format."""
    shape = list(payload.shape[1:])
    payload_format = {"modality": "audio", "shape": shape, "sample_rate": params.sample_rate}
    return {"audio": arrays.to_column(payload)}, payload_format


def from_columns(rows: pa.RecordBatch, payload_format: dict[str, Any]) -> np.ndarray:
    """The payload (n, samples) int16 of rows that `to_columns` made."""
    return arrays.from_column(rows["audio"], "<i2", payload_format["shape"])


def show(rows: pa.RecordBatch, payload_format: dict[str, Any]) -> list[str]:
    """A data URI of each sound as WAV, without the silence at its end."""
    import soundfile

    uris = []
    for sound in from_columns(rows, payload_format):
        file = io.BytesIO()
        trimmed = np.trim_zeros(sound, "b")
        soundfile.write(file, trimmed, payload_format["sample_rate"], format="WAV")
        uris.append(f"data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}")
    return uris


def augment(payload: np.ndarray, rng: np.random.Generator, _shift: int = 1) -> np.ndarray:
    """Training sounds: each faster or slower, earlier or later, louder or softer, and noisier."""
    n, samples = len(payload), payload.shape[1]
    speed = np.exp(rng.uniform(-_SPEED, _SPEED, n))
    gain = np.exp(rng.uniform(-_GAIN, _GAIN, n))
    delay = rng.uniform(-_SHIFT, _SHIFT, n) * samples
    deviation = _FULL_SCALE * rng.uniform(0, _NOISE, (n, 1)) ** 2
    time = np.arange(samples)
    played = zip(payload, speed, delay, strict=True)
    moved = [np.interp(time * factor - late, time, sound, 0, 0) for sound, factor, late in played]
    noise = rng.normal(0, 1, payload.shape) * deviation
    return _to_int16(np.stack(moved) * gain[:, None] + noise)


view = augment


def read_file(
    path: Path, payload_format: dict[str, Any], remarks: Remarks
) -> tuple[list[str], np.ndarray]:
    """One sound file: its name in messages, and the payload (1, samples) int16."""
    rate = payload_format["sample_rate"]
    seconds = payload_format["shape"][0] / rate
    params = Collect.model_construct(sample_rate=rate, seconds=seconds)
    return [str(path)], canonical([path.read_bytes()], [str(path)], params, remarks)
