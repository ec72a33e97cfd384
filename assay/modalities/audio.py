"""Audio. Its canonical payload is one channel of 16-bit samples, at one rate and of one length."""

import base64
import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay.contract.errors import quiet
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.contract.stored_rows import StoredRows
from assay.modalities import arrays, audio_files, undecodable
from assay.modalities.undecodable import UndecodableError

COLUMN = "audio"
SUFFIXES = {".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc"}
SUFFIXES |= {".au", ".snd", ".caf", ".w64", ".rf64"}
MEDIUM = "audio"
LINE_BREAK = None
STEPS = 600
SECONDS = (100.0, 2.0e-2, 1.0e-7)
NOUN = "sound"
PROBE: Format = {"modality": "audio", "shape": [8000], "sample_rate": 8000}
ENDING = ".wav"
_FULL_SCALE = 2**15
# the largest changes that `augment` makes
_SPEED = 0.15  # log of the factor
_SHIFT = 0.1  # share of the length
_GAIN = 0.5  # log of the factor
_NOISE = 0.01  # share of full scale


def canonical(
    raw: Sequence[bytes], places: Sequence[str], params: Collect, remarks: Remarks
) -> StoredRows:
    """Decode sounds, mix their channels, resample, and cut or pad the end.

    Parameters
    ----------
    raw : encoded files; if it has an attribute `files`, as `EncodedFiles` has, these are the paths
    places : the name of each sound in messages
    params : `sample_rate` in Hz and `seconds` of every sound; for `auto`, see
        `audio_files.choose_seconds`

    Returns
    -------
    StoredRows of shape (n, samples), int16

    Raises
    ------
    InputError
        If sounds cannot be decoded or are cut short. One message reports all of them.
    """
    with quiet() as stderr:  # libraries write their own messages about damaged files
        seconds = _seconds(raw, places, params, remarks)
        decoder = audio_files.Decoder(seconds, params.sample_rate)
        stored = undecodable.stored(raw, places, partial(_payload, decoder), stderr)
    decoder.remark(len(raw), remarks)
    return stored


def _seconds(
    raw: Sequence[bytes], places: Sequence[str], params: Collect, remarks: Remarks
) -> float:
    """The length of all sounds in seconds. `auto` chooses it from their headers, with a remark."""
    if params.seconds != "auto":
        return params.seconds
    files = getattr(raw, "files", raw)  # paths, if there are any: then only headers are read
    try:
        seconds = audio_files.choose_seconds(audio_files.lengths(files, places))
    except UndecodableError:  # decoding will report all such files; any length will do until then
        return audio_files.choose_seconds(np.zeros(1))
    settled = f"sounds are cut or padded to {seconds:g} s (collect.seconds: auto)"
    remedy = f"collect.seconds: {seconds:g} in params.yaml keeps it so for later batches"
    remarks.add("guessed", len(raw), settled, remedy=remedy)
    return seconds


def _payload(decoder: audio_files.Decoder, content: bytes, place: str) -> np.ndarray:
    """One sound (samples,) int16, cut or padded with silence."""
    samples = _to_int16(decoder.samples(content, place) * _FULL_SCALE)
    length = round(decoder.seconds * decoder.rate)
    sound = np.zeros(length, np.int16)
    sound[: len(samples)] = samples[:length]
    if not sound.any():
        decoder.places["silent"].append(place)
    return sound


def _to_int16(samples: np.ndarray) -> np.ndarray:
    """Samples rounded to 16 bits. This changes `samples` itself, since an hour takes 230 MB."""
    np.rint(samples, out=samples)
    return samples.clip(-_FULL_SCALE, _FULL_SCALE - 1, out=samples).astype(np.int16)


def to_columns(
    payload: np.ndarray | StoredRows, rows: Sequence[int], _raw: object, params: Collect
) -> tuple[dict[str, arrays.SlicedColumn], Format]:
    """The column of some rows for Parquet, and its format."""
    shape = list(payload.shape[1:])
    payload_format = {"modality": "audio", "shape": shape, "sample_rate": params.sample_rate}
    return {"audio": arrays.SlicedColumn(payload, rows)}, payload_format


def from_columns(rows: pa.RecordBatch, payload_format: Format) -> np.ndarray:
    """The payload (n, samples) int16 of rows that `to_columns` made."""
    return arrays.from_column(rows["audio"], "<i2", payload_format["shape"])


def encode(rows: pa.RecordBatch, payload_format: Format) -> list[bytes]:
    """Each sound as the content of a WAV file, without the silence at its end.

    One sample of a silent sound remains, since Assay refuses files without samples.
    """
    return _as_wav(rows, payload_format, least=1)


def show(rows: pa.RecordBatch, payload_format: Format, _side: int | None = None) -> list[str]:
    """A data URI of each sound as WAV, without the silence at its end. It may have no sample."""
    encoded = map(base64.b64encode, _as_wav(rows, payload_format, least=0))
    return [f"data:audio/wav;base64,{content.decode()}" for content in encoded]


def _as_wav(rows: pa.RecordBatch, payload_format: Format, least: int) -> list[bytes]:
    """Each sound as WAV, without zeros at its end, but with at least `least` samples."""
    import soundfile

    contents = []
    for sound in from_columns(rows, payload_format):
        file = io.BytesIO()
        length = max(len(np.trim_zeros(sound, "b")), least)
        soundfile.write(file, sound[:length], payload_format["sample_rate"], format="WAV")
        contents.append(file.getvalue())
    return contents


def augment(payload: np.ndarray, rng: np.random.Generator, _shift: int = 1) -> np.ndarray:
    """Training sounds, changed at random in speed, start and loudness, and with noise."""
    n, samples = payload.shape
    speed = np.exp(rng.uniform(-_SPEED, _SPEED, n))
    gain = np.exp(rng.uniform(-_GAIN, _GAIN, n))
    delay = rng.uniform(-_SHIFT, _SHIFT, n) * samples
    deviation = _FULL_SCALE * rng.uniform(0, _NOISE, (n, 1)) ** 2
    time = np.arange(samples)
    played = zip(payload, speed, delay, strict=True)
    moved = [np.interp(time * factor - late, time, sound, 0, 0) for sound, factor, late in played]
    noise = rng.normal(0, 1, payload.shape) * deviation
    return _to_int16(np.stack(moved) * gain[:, None] + noise)


view = augment  # no stronger change is known for sounds


def read_file(path: Path, payload_format: Format, remarks: Remarks) -> tuple[list[str], np.ndarray]:
    """One sound file: its name in messages, and the payload (1, samples) int16."""
    rate = payload_format["sample_rate"]
    seconds = payload_format["shape"][0] / rate
    params = Collect.model_construct(sample_rate=rate, seconds=seconds)
    return [str(path)], canonical([path.read_bytes()], [str(path)], params, remarks)[:]
