"""Copies, leaks and bad pictures planted among images of MNIST and CIFAR-10: how many are found,
and how many are reported falsely.

python -m benchmarks.beyond_labels

The settings were chosen on other images of MNIST. CIFAR-10 has too few images for that, so its
settings were chosen on the same images. cleanlab's Datalab and cleanvision are compared too, if
both are installed.
"""

import importlib.util
import io
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import soundfile
from PIL import Image
from scipy.stats import binomtest

from assay.cleaning import data_findings, near_duplicates
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.measures import image_statistics, outliers, sound_statistics
from assay.modalities import audio
from benchmarks import planted
from benchmarks.workspace import SHARED, machine, row

COPIES, LEAKS, BAD, TEST = 125, 50, 100, 2000


def build(name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Examples, with what they were planted as and from which row (-1: as they came), and their
    images.
    """
    rng, data = np.random.default_rng(2), planted.load(name)
    images, test = data["train"][0][-10_000:], data["test"][0][:TEST]
    every = np.concatenate([test, images])
    rows, pieces, sources = (
        [("", "", -1)] * len(every),
        [every],
        iter(rng.permutation(len(images)) + TEST),
    )
    sources_test = iter(rng.permutation(TEST))
    for label, change in planted.COPIES.items():
        for kind, count, pool in (
            ("near_duplicate", COPIES, sources),
            ("leak", LEAKS, sources_test),
        ):
            of = [next(pool) for _ in range(count)]
            pieces.append(change(every[of], rng))
            rows += [(kind, label, source) for source in of]
    for (kind, label), change in planted.BAD.items():
        of = [next(sources) for _ in range(BAD)]
        pieces.append(change(every[of], rng))
        rows += [(kind, label, source) for source in of]
    examples = pd.DataFrame(rows, columns=["planted", "how", "source"])
    split = np.where(np.arange(len(rows)) < TEST, "test", "train")
    return examples.assign(
        split=split, batch="all", key=examples.index.astype(str)
    ), np.concatenate(pieces)


def found_by_assay(examples: pd.DataFrame, images: np.ndarray) -> dict[str, set[int]]:
    """The rows found of each kind, of a pair of copies both."""
    problems = image_statistics.problems(image_statistics.statistics(images))
    found = {kind: set(np.flatnonzero(flag)) for kind, flag in problems.items()}
    prints, one_class = image_statistics.fingerprint(images), np.zeros(len(images), int)
    copies = data_findings.copies(examples, prints, None, one_class)
    copies["original"] = copies["reason"].str.extract("/([0-9]+) in").astype(int)
    for kind, rows in copies.groupby("kind"):
        found[kind] = set(rows.index) | set(rows["original"])
    return found


def found_by_datalab(features: np.ndarray) -> dict[str, set[int]]:
    from cleanlab import Datalab

    lab = Datalab(data={"row": list(range(len(features)))}, verbosity=0)
    lab.find_issues(features=features, issue_types={"near_duplicate": {}})
    flagged = set(np.flatnonzero(lab.get_issues("near_duplicate")["is_near_duplicate_issue"]))
    return {"near_duplicate": flagged, "leak": flagged}


def found_by_cleanvision(images: np.ndarray) -> dict[str, set[int]]:
    from cleanvision import Imagelab

    with TemporaryDirectory() as folder:
        for index, image in enumerate(images):
            Image.fromarray(image.squeeze()).save(f"{folder}/{index:06}.png")
        lab = Imagelab(data_path=folder)
        lab.find_issues(n_jobs=1, verbose=False)
        issues = lab.issues.sort_index()
    copies = issues["is_near_duplicates_issue"] | issues["is_exact_duplicates_issue"]
    kinds = {"near_duplicate": copies, "leak": copies, "blank": issues["is_low_information_issue"],
             "dark": issues["is_dark_issue"], "blurred": issues["is_blurry_issue"]}  # fmt: skip
    return {kind: set(np.flatnonzero(flag)) for kind, flag in kinds.items()}


def report(
    name: str, tool: str, examples: pd.DataFrame, found: dict[str, set[int]], seconds: float
) -> None:
    as_it_came = set(examples.index[examples["planted"] == ""]) - set(examples["source"])
    for (kind, how), rows in examples[examples["planted"] != ""].groupby(
        ["planted", "how"], sort=False
    ):
        if kind in found:
            hits, false = len(set(rows.index) & found[kind]), len(as_it_came & found[kind])
            row(
                name,
                tool,
                kind,
                how,
                share(hits, len(rows)),
                share(false, len(as_it_came)),
                f"{seconds:.1f}",
            )


def share(count: int, of: int) -> str:
    low, high = binomtest(count, of).proportion_ci()
    return f"{count / of:.1%} ({low:.1%} to {high:.1%})"


def sounds() -> None:
    """Recordings of digits made too loud, and left out, among all others as they came."""
    paths = sorted((SHARED / "fsdd").rglob("*.wav"))
    params = Collect.model_construct(sample_rate=16_000, seconds=1.0)

    def problems(files: list[bytes]) -> dict[str, np.ndarray]:
        names = list(map(str, paths[: len(files)]))
        return sound_statistics.problems(
            sound_statistics.statistics(audio.canonical(files, names, params, Remarks())[:])
        )

    def louder(path: Path, gain: float) -> bytes:
        """Its peak at `gain` times full scale, and cut off there, at the recording's own rate."""
        sound, rate = soundfile.read(path)
        file = io.BytesIO()
        soundfile.write(
            file,
            (gain * sound / np.abs(sound).max()).clip(-1, 1),
            rate,
            format="WAV",
            subtype="PCM_16",
        )
        return file.getvalue()

    as_they_came = problems([path.read_bytes() for path in paths])
    for gain in (1.0, 1.5, 2.0, 4.0):
        found = problems([louder(path, gain) for path in paths[:: len(paths) // BAD]])["clipped"]
        false = as_they_came["clipped"]
        row(
            "fsdd",
            "Assay",
            "clipped",
            f"peak {gain} × full scale",
            *(share(each.sum(), len(each)) for each in (found, false)),
            "",
        )
    silence, false = (
        problems([louder(path, 1e-3) for path in paths[:BAD]])["silent"],
        as_they_came["silent"],
    )
    row(
        "fsdd",
        "Assay",
        "silent",
        "peak at -60 dB",
        *(share(each.sum(), len(each)) for each in (silence, false)),
        "",
    )


def scale(n: int, width: int) -> float:
    """Seconds for copies and outliers among embeddings alone."""
    rows = np.random.default_rng(0).standard_normal((n, 20)) @ np.random.default_rng(
        1
    ).standard_normal((20, width))
    rows = (rows + np.random.default_rng(2).standard_normal(rows.shape)).astype(np.float32)
    start = time.perf_counter()
    projected = outliers.project(rows)
    near_duplicates.copies(projected, np.zeros(n, int))
    outliers.outliers(projected)
    return time.perf_counter() - start


def main() -> None:
    print(f"# {machine()}\n")
    row("data", "by", "kind", "how", "found", "of all others, too", "seconds")
    row(*["---"] * 7)
    installed = all(map(importlib.util.find_spec, ("cleanvision", "datasets")))
    for name in planted.FILTERS:
        examples, images = build(name)
        tools = {"Assay": lambda e=examples, i=images: found_by_assay(e, i)}
        if installed:
            features = planted.encoder(name, images)(images)
            tools |= {"Datalab, our embeddings": lambda f=features: found_by_datalab(f),
                      "Datalab, our fingerprints": lambda i=images: found_by_datalab(image_statistics.fingerprint(i)),
                      "cleanvision": lambda i=images: found_by_cleanvision(i)}  # fmt: skip
        for tool, find in tools.items():
            start = time.perf_counter()
            found = find()
            report(name, tool, examples, found, time.perf_counter() - start)
    sounds()
    print()
    row("copies and outliers of", "seconds")
    row("---", "---")
    for n, width in ((20_000, 1000), (100_000, 256), (200_000, 256)):
        row(f"{n:,} × {width:,} embeddings", scale(n, width))


if __name__ == "__main__":
    main()
