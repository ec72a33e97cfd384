"""Three people's labels of 20,000 CIFAR-10N images: what is still wrong after consensus, and
whether the errors of each person are known.

python -m benchmarks.people [thorough]

It is compared with cleanlab's CROWDLAB (Goh, Tkachenko and Mueller 2022), on the same probabilities
and examples, in pairs.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from cleanlab.multiannotator import get_label_quality_multiannotator
from scipy.stats import spearmanr

from assay.contract import parquet_files
from benchmarks.label_quality import REPRO, SOURCE, THOROUGH, prepared
from benchmarks.workspace import clone, machine, row, set_parameters, timed

MANY = 50  # labels of a person whose true accuracy is worth comparing with


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """The judged labels with the truth, everybody's votes, and the probabilities, in the order of
    ids.
    """
    collected = folder / "data/collected/cifar10n"
    truth = pd.read_csv(collected / "truth.csv", dtype=str).set_index("id")["label"]
    judged = (
        pq.read_table(folder / "data/cleaned/quality.parquet")
        .to_pandas()
        .set_index("id")
        .sort_index()
    )
    votes = pd.read_csv(collected / "labels.csv", dtype=str)
    cleaned = pd.read_csv(folder / "data/cleaned/labels.csv", dtype=str).set_index("id")["label"]
    path = folder / "data/cleaned/pred_probs.parquet"
    ids = parquet_files.read_parquet(path, ["id"])["id"].to_pylist()
    pred_probs, classes = parquet_files.read_probabilities(path, ids)
    order = np.argsort(ids, kind="stable")
    return judged.assign(truth=truth, cleaned=cleaned), votes, (pred_probs[order], classes)


def crowdlab(
    judged: pd.DataFrame, votes: pd.DataFrame, pred_probs: np.ndarray, classes: list
) -> tuple:
    """Consensus labels by id, and qualities by annotator."""
    codes = votes.assign(label=pd.Categorical(votes["label"], classes).codes)
    wide = codes.pivot_table(index="id", columns="annotator", values="label", aggfunc="last").loc[
        judged.index
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_label_quality_multiannotator(
            wide.astype("Int64"), pred_probs.astype(float), verbose=False
        )
    consensus = np.array(classes, dtype=object)[
        found["label_quality"]["consensus_label"].astype(int)
    ]
    return pd.Series(consensus, judged.index), found["annotator_stats"]["annotator_quality"]


def paired(name: str, judged: pd.DataFrame, ours: pd.Series, theirs: pd.Series) -> None:
    """Shares of wrong labels among the same examples, and their difference with a 95 % interval."""
    truth = judged["truth"].reindex(ours.index)
    wrong = (
        (ours != truth).to_numpy().astype(float),
        (theirs.reindex(ours.index) != truth).to_numpy().astype(float),
    )
    difference = wrong[0] - wrong[1]
    margin = 1.96 * difference.std() / np.sqrt(len(difference))
    kept = f"{len(ours) / len(judged):.1%}"
    between = f"{difference.mean():+.2%} ({difference.mean() - margin:+.2%} to {difference.mean() + margin:+.2%})"
    row(name, kept, f"{wrong[0].mean():.2%}", f"{wrong[1].mean():.2%}", between)


def report(name: str, folder: Path) -> None:
    seconds, _ = timed([*REPRO, "clean"], folder)
    judged, votes, probabilities = read(folder)
    theirs, their_quality = crowdlab(judged, votes, *probabilities)
    majority = votes.groupby("id")["label"].agg(lambda labels: labels.mode().iloc[0])
    print(f"\n{name}: {seconds:.0f} s\n")
    row("labels", "kept", "wrong, ours", "wrong, CROWDLAB", "difference")
    row(*["---"] * 5)
    settled = judged[judged["decision"].isin(["keep", "relabel"])]
    paired("all, the most probable class", judged, judged["suggested"], theirs)
    paired(
        "labels.csv, what is doubted but not sure left as people had it",
        judged,
        judged["cleaned"].dropna(),
        theirs,
    )
    paired("labels.csv without those up for review", judged, settled["cleaned"], theirs)
    paired("majority of people", judged, majority, theirs)
    right = votes["label"].to_numpy() == judged["truth"].reindex(votes["id"]).to_numpy()
    true = pd.Series(right).groupby(votes["annotator"].to_numpy()).agg(["mean", "size"])
    many = true.index[true["size"] >= MANY]
    found = pd.read_csv(folder / "metrics/annotators.csv", dtype={"annotator": str}).set_index(
        "annotator"
    )["accuracy"]
    ranks = [
        spearmanr(each.reindex(many), true.loc[many, "mean"])[0] for each in (found, their_quality)
    ]
    print(
        f"\nrank correlation with the true accuracy of {len(many)} people: {ranks[0]:.3f}, CROWDLAB {ranks[1]:.3f}"
    )


def main() -> None:
    print(f"# {machine()}; {len(pq.read_table(SOURCE, columns=['label_1'])):,} images")
    with clone() as folder:
        prepared(folder, (1, 2, 3))
        report("default", folder)
        if "thorough" in sys.argv:
            set_parameters(folder, clean__folds=THOROUGH)
            report("thorough", folder)


if __name__ == "__main__":
    main()
