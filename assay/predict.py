"""Classify files with the released model. Reads only release/."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from assay.contract import paths, plain_files
from assay.contract.errors import InputError, one_line, say
from assay.contract.escaping import printable
from assay.contract.files import read_json
from assay.contract.inference import UNLIKE, Model
from assay.modalities import registry, remarks_on_files

_ODD = 0.99  # examples with a higher `unlike` are counted


def predict(files: list[Path]) -> bool:
    """Print each example's name, class, probability and `unlike`.

    A file that cannot be read is left out. Its error is a line on stderr, after the remarks at the
    end.

    Returns
    -------
    Whether all files were read

    Raises
    ------
    InputError
        If a name is not that of a file (then nothing is printed before), or if the model cannot be
        run.
    """
    for path in files:
        _check(path)
    info = _release_info()
    model = Model(paths.RELEASE_MODEL, portable=True, threads=1)
    n_odd = n_examples = 0
    errors: list[str] = []
    try:
        with remarks_on_files.said_at_end() as remarks:
            for path in files:
                said = remarks_on_files.RemarksOnFile()
                with _blaming_the_release():
                    try:
                        plain_files.check(path)
                        names, payload = registry.read_file(path, info, said)
                    except (InputError, OSError) as error:  # OSError: no right to read it
                        errors.append(one_line(error))
                        continue
                    labels, numbers = _classify(payload, info, model)
                remarks.add(path, said)  # only now: a file with an error gets no remarks
                n_examples += len(names)
                for name, label, values in zip(names, labels, numbers, strict=True):
                    cells = [f"{value:.4f}" for value in values]  # probability, maybe `unlike`
                    print("\t".join([printable(name), printable(label), *cells]))
                    n_odd += any(share > _ODD for share in values[1:])
        if n_odd:
            _say_odd(n_odd, n_examples, info)
    finally:
        for message in errors:
            say(message)
    if len(errors) > 1:
        say(f"{len(errors):,} of {len(files):,} files were not predicted")
    return not errors


def _check(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path} is missing: name files that are there")
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the files in it, as in {path}/*")
    plain_files.check_form(path)


def _release_info() -> dict[str, Any]:
    """What the released model takes and gives."""
    both = (paths.RELEASE_INFO, paths.RELEASE_MODEL)
    for path, other in (both, both[::-1]):
        is_gone = not path.exists() and not path.is_symlink()
        if is_gone and other.exists():
            needed = f"{path} is missing, and {other} is of no use without it"
            raise InputError(f"{needed}: fetch both, or run `dvc repro`")
    info = read_json(paths.RELEASE_INFO)
    plain_files.check(paths.RELEASE_MODEL)
    return info


@contextmanager
def _blaming_the_release() -> Iterator[None]:
    """Report an unexpected error as two files of the release that do not belong together."""
    try:
        yield
    except (InputError, OSError):
        raise
    except Exception as error:  # whatever the description lacks, or ONNX Runtime cannot take
        wrong = f"{paths.RELEASE_INFO} does not describe {paths.RELEASE_MODEL} ({error!r})"
        remedy = "update this code if a newer Assay made them; else fetch both again"
        raise InputError(f"{wrong}: {remedy}, or run `dvc repro`") from None


def _classify(
    payload: np.ndarray, info: dict[str, Any], model: Model
) -> tuple[list[str], list[tuple[float, ...]]]:
    """The class of each payload (n, ...), and its probability and `unlike`, if the model has it."""
    outputs = [model.output, *[name for name in model.outputs if name == UNLIKE]]
    pred_probs, *unlike = model.several(outputs, payload)  # (n, classes), (n,)
    n_classes = pred_probs.shape[1]
    if n_classes != len(info["classes"]):
        raise ValueError(f"{n_classes} classes, not {len(info['classes'])}")
    labels = [info["classes"][row] for row in pred_probs.argmax(axis=1)]
    return labels, list(zip(pred_probs.max(axis=1), *unlike, strict=True))


def _say_odd(n_odd: int, n_examples: int, info: dict[str, Any]) -> None:
    unlike = info.get("unlike")  # older releases have none
    of_training = isinstance(unlike, dict) and unlike.get("split") == "train"
    others = "some training examples" if of_training else "the held-out examples"
    than = f"more unlike the training data than {100 * _ODD:.0f} % of {others}"
    print(f"{than}: {n_odd:,} of {n_examples:,}", file=sys.stderr)
