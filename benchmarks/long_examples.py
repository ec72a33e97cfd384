"""Long sounds and long texts: the seconds and the memory that each stage takes.

python -m benchmarks.long_examples [clips] [hour] [documents]   by default all of them

Sounds are spoken digits of one speaker (FSDD) with noise between them; the class is the speaker.
Documents consist of customers' questions (banking77). A third of the questions in a document have
the document's own intent.
"""

import resource
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from benchmarks.workspace import SHARED, code_only, machine, row, set_parameters, timed

CLIPS, CLIP_SECONDS, HOUR = 1000, 30, 3600
RATE = 8000  # of FSDD
NOISE = 0.003  # share of full scale

DOCUMENTS, CHARACTERS = 5000, (2_000, 100_000)
INTENTS = 20
SHARE = 1 / 3  # of a document's questions that are of its own intent
UP_TO_EMBED = ("collect", "sample", "pretrain", "embed")
ALL = (*UP_TO_EMBED, "clean", "annotate", "train", "evaluate", "queue", "deploy")
OF_BATCH = ("collect", "sample", "embed")


def speakers() -> dict[str, list[np.ndarray]]:
    """The sounds of each speaker, (samples,) float64 each."""
    sounds: dict[str, list[np.ndarray]] = {}
    for path in sorted((SHARED / "fsdd").rglob("*.wav")):
        sounds.setdefault(path.stem.split("_")[1], []).append(soundfile.read(path)[0])
    return sounds


def spoken(digits: list[np.ndarray], seconds: int, rng: np.random.Generator) -> np.ndarray:
    """Random digits, a pause of up to 5 s after each, under noise. Shape (seconds · rate,)."""
    samples = rng.normal(0, NOISE, seconds * RATE)
    start = int(rng.integers(RATE))
    while start < len(samples):
        digit = digits[rng.integers(len(digits))][: len(samples) - start]
        samples[start : start + len(digit)] += digit
        start += len(digit) + int(rng.integers(5 * RATE))
    return samples


def clips(folder: Path, count: int = CLIPS, seconds: int = CLIP_SECONDS) -> None:
    """Clips, a folder for each speaker."""
    rng = np.random.default_rng(0)
    for speaker, digits in speakers().items():
        (folder / speaker).mkdir(parents=True)
        for number in range(count // 4):
            samples = spoken(digits, seconds, rng)
            soundfile.write(folder / speaker / f"{number}.wav", samples, RATE)


def hour(folder: Path) -> None:
    """One sound of an hour, 48 kHz, two channels; and three clips."""
    clips(folder, 8, CLIP_SECONDS)
    samples = np.repeat(spoken(speakers()["lucas"], HOUR, np.random.default_rng(0)), 6)
    soundfile.write(folder / "lucas" / "hour.wav", np.stack([samples, samples], axis=1), 6 * RATE)


def documents(folder: Path, count: int = DOCUMENTS) -> None:
    """Documents as a table."""
    questions = pd.read_csv(SHARED / "banking77/train.csv")
    of_intent = dict(list(questions.groupby("category").text.apply(list).items())[:INTENTS])
    others, rng = questions.text.tolist(), np.random.default_rng(0)
    lines = []
    for _ in range(count):
        intent, length = str(rng.choice(list(of_intent))), int(rng.integers(*CHARACTERS))
        text = ""
        while len(text) < length:
            pool = of_intent[intent] if rng.random() < SHARE else others
            text += pool[rng.integers(len(pool))] + " "
        lines.append({"text": text[:length], "label": intent})
    folder.mkdir(parents=True)
    pd.DataFrame(lines).to_parquet(folder / "examples.parquet")


def made(make: Callable[[Path], None], folder: Path) -> None:
    """Make data in another process: one that this starts would count this one's memory as its."""
    process = get_context("spawn").Process(target=make, args=(folder / "data/raw/mine",))
    process.start()
    process.join()


def measure(name: str, folder: Path, stages: tuple[str, ...]) -> None:
    """A row for each stage, and one for all."""
    set_parameters(folder, batches=["mine"], pretrain__batches=["mine"])
    taken = []
    for stage in stages:
        item = f"{stage}@mine" if stage in OF_BATCH else stage
        before = cpu()
        seconds, memory = timed([sys.executable, "-m", f"stages.{stage}"], folder, DVC_STAGE=item)
        taken.append((seconds, cpu() - before, memory))
        row(name, stage, *taken[-1])
    seconds, of_cpu, memory = zip(*taken, strict=True)
    row(name, "in all", sum(seconds), sum(of_cpu), max(memory))


def cpu() -> float:
    """Seconds of CPU that ended processes took."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    print(f"# {machine()}\n")
    row("what", "stage", "seconds", "of CPU", "GiB")
    row(*["---"] * 5)
    asked = sys.argv[1:] or ["clips", "hour", "documents"]
    with code_only() as folder:
        if "clips" in asked:
            made(clips, folder)
            measure(f"{CLIPS:,} clips of {CLIP_SECONDS} s", folder, UP_TO_EMBED)
    with code_only() as folder:
        if "hour" in asked:
            made(hour, folder)
            set_parameters(folder, collect__seconds=float(HOUR))
            measure("a sound of an hour, and 8 clips, whole", folder, UP_TO_EMBED)
    with code_only() as folder:
        if "documents" in asked:
            made(documents, folder)
            measure(f"{DOCUMENTS:,} documents", folder, ALL)


if __name__ == "__main__":
    main()
