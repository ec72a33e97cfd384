"""Classes with few examples to learn from: which are too small, and what cleaning leaves of them.

Small means fewer examples than `clean.smallest_class`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assay.contract import paths
from assay.contract.errors import InputError, counted, first_of, say
from assay.contract.sections import COPIES, Clean

# with this many labels, probabilities can be believed: "Small data" in docs/label-quality.md
_ENOUGH = 100
_ENOUGH_OF_CLASS = 10


def check(given: pd.Series, classes: list[str], smallest: int, examples: pd.DataFrame) -> None:
    """Raise an error if there is one class only, or if a class has too few examples.

    Parameters
    ----------
    given : the labels to learn from: index of the class, by row of `examples`
    """
    counts = given.value_counts()
    if len(counts) < 2:
        only = ", ".join(repr(classes[index]) for index in counts.index) or "missing"
        all_are = f"all {len(given)} labels to learn from are {only}"
        raise InputError(f"{all_are}: at least two classes are needed")
    rarest, count = counts.index[-1], int(counts.iloc[-1])
    if count < smallest:
        example = examples.loc[given.index[given == rarest][0]]
        number = f"{counted(count, 'example')} to learn from (key {example['key']})"
        few = f"{paths.RAW / example['batch']}: the class {classes[rarest]!r} has {number}"
        if n_more := int((counts < smallest).sum()) - 1:
            have = "has" if n_more == 1 else "have"
            few += f", and {counted(n_more, 'more class')} {have} fewer than {smallest}"
        remedy = f"add more, mend the label, or lower clean.smallest_class from {smallest}"
        raise InputError(f"{few}: {remedy}")


def say_few(given: pd.Series, classes: Sequence[str], params: Clean) -> None:
    """Say that labels, or those of some classes, are too few to judge them well.

    Nothing is said if no label changes by `params`.

    Parameters
    ----------
    given : the labels to learn from: index of the class
    """
    if params.relabel_above == 1 and params.drop_below == 0:
        return
    keep = "set clean.relabel_above: 1 and clean.drop_below: 0 to keep them"
    if len(given) < max(_ENOUGH, _ENOUGH_OF_CLASS * given.nunique()):
        few = f"only {counted(len(given), 'label')} to learn from, of {given.nunique():,} classes"
        say(f"{few}, so probabilities are too high, and right labels may be replaced: {keep}")
        return
    counts = given.value_counts().sort_index()
    counts = counts[counts < _ENOUGH_OF_CLASS].sort_values(kind="stable")
    if len(counts):
        few = f"{counted(len(counts), 'class')} with fewer than {_ENOUGH_OF_CLASS} labels"
        names = first_of([f"{classes[index]!r} ({n})" for index, n in counts.items()])
        say(f"{few} to learn from, whose right labels may be replaced: {names}: {keep}")


def spare_last(
    findings: pd.DataFrame, judged: pd.DataFrame, classes: list[str], smallest: int
) -> pd.DataFrame:
    """Send copies to review if their class would be too small without them, and say so.

    Near-duplicates are kept first, since leaks make scores too good.

    Parameters
    ----------
    findings : from `data_findings.find`
    judged : `id`, `split`, `decision`, and `given` and `suggested`, indices of classes
    """
    dropped = findings[findings["decision"] == "drop"]
    is_copy = dropped["kind"].isin(COPIES)
    by_others = dropped.loc[~is_copy, "id"]
    learned = (judged["split"] == "train") & (judged["decision"] != "drop")
    train = judged[learned & ~judged["id"].isin(by_others)]
    label = train["suggested"].where(train["decision"] == "relabel", train["given"])
    leaks = dropped.loc[dropped["kind"] == "leak", "id"]
    train = train.assign(
        label=label, dropped=train["id"].isin(dropped["id"]), leak=train["id"].isin(leaks)
    )
    n_kept = np.bincount(train.loc[~train["dropped"], "label"], minlength=len(classes))
    copies = train[train["dropped"]].sort_values(["leak", "id"])
    n_copies_before = copies.groupby("label").cumcount()  # of the same class
    n_before = n_kept[copies["label"].to_numpy(int)] + n_copies_before
    spared = copies[n_before < smallest]  # without it, its class would be too small
    if spared.empty:
        return findings
    of_class = first_of([repr(classes[code]) for code in np.unique(spared["label"])])
    stay = f"kept for review, not left out as copies: {counted(len(spared), 'example')}"
    last = f"else a class has fewer than {smallest} to learn from (clean.smallest_class)"
    too_good = "; as they copy test examples, its scores may be too good"
    say(f"{stay}, {last}: {of_class}{too_good if spared['leak'].any() else ''}")
    stays = findings["id"].isin(spared["id"]) & findings["kind"].isin(COPIES)
    return findings.assign(decision=findings["decision"].mask(stays, "review"))


def say_lost(kept: pd.DataFrame, given: pd.Series, classes: list[str]) -> None:
    """Say which classes have no label left after cleaning.

    Parameters
    ----------
    kept : `label`, the name of a class, and `split`, for each label that is kept
    given : the labels to learn from, before cleaning: indices of classes
    """
    left = set(kept.loc[kept["split"] != "test", "label"])
    names = np.array(classes, dtype=object)[given.unique()]
    lost = [repr(name) for name in sorted(names) if name not in left]
    if lost:
        no_label = "without a label to learn from, since all are replaced or left out"
        where = f"see the decisions in {paths.ISSUES}"
        say(f"{counted(len(lost), 'class')} {no_label}: {first_of(lost)}: {where}")
