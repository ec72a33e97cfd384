"""The start of the page: accuracy, wrong labels, what limits this version, and what to do next.

The limits and their thresholds are rules of thumb, which docs/report.md lists.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from markupsafe import Markup

from assay.contract.rounding import rounded
from assay.contract.sections import Action, Beyond
from assay.release import model_card
from assay.reporting.inputs import FINDING, Inputs, Row, Values, accuracy, wrong_share
from assay.reporting.words import Words, name

_WIDE = 0.05  # a wider interval of accuracy says little
_NOISY = 0.05  # share of labels that are wrong by estimate, after cleaning
_UNLABELLED = 0.2  # share of the examples
_AGREEING = 0.667  # alpha below which labels allow no conclusions (Krippendorff 2004)
_LOST = 0.02  # of a head's accuracy, by cleaning
_LOST_EXAMPLES = 5  # the loss must be so many test examples: chance changes a few
_RARE = 0.5  # of the labels of the median class
_KINDS = 3  # of findings that are named among the tasks
# Findings about single examples, which clean.beyond may leave out.
_DROPPABLE = {name for name, field in Beyond.model_fields.items() if field.annotation == Action}


def sentences(inputs: Inputs, level: str, words: Words) -> list[Markup]:
    """Three sentences: the accuracy, the labels, the limit."""
    clean = inputs.values["clean"]
    wrong = wrong_share(clean)
    doubted = {
        "replaced": words("answer.replaced", n=inputs.decided["relabel"]),
        "drop": inputs.decided["drop"],
        "waiting": words("answer.waiting", n=inputs.to_review - inputs.test_to_review),
    }
    if wrong is None:
        labels = words("answer.labels.unjudged", labels=clean["labelled"], **doubted)
    else:
        noise = words.about(float(wrong))
        labels = words("answer.labels", labels=clean["labelled"], noise=noise, **doubted)
    return [
        Markup(" ").join(how_good(inputs, level, words)),
        Markup(" ").join([labels, *also(inputs, words)]),
        next(limits(inputs, words)),
    ]


def how_good(inputs: Inputs, level: str, words: Words) -> Iterator[Markup]:
    """The accuracy, and what it hides: rare classes that are not found, and wrong test labels."""
    scores, by_class = inputs.values["evaluate"], inputs.rows["classes"]
    n_tested = scores["test_examples"]
    yield words("answer.accuracy", n=n_tested, level=level, **_with_ends(scores, "accuracy"))
    yield words("answer.baseline", share=model_card.baseline(by_class))
    tested = model_card.lowest_recall_first(by_class)
    lowest = tested[0]
    if float(lowest["recall"]) < float(tested[-1]["recall"]):
        n = int(lowest["test_examples"])
        n_found = round(n * float(lowest["recall"]))
        yield words("answer.lowest", label=name(lowest["label"]), n=n, found=n_found)
        if n_doubted := int(lowest["doubted"]):
            yield words("slice.doubted", n=n_doubted)
    if "accuracy_true" in scores:
        yield words("answer.true", **_with_ends(scores, "accuracy_true"))


def _with_ends(scores: Values, metric: str) -> dict[str, float]:
    """An accuracy and the ends of its interval, for a sentence."""
    ends = {side: float(scores[f"{metric}_{side}"]) for side in ("low", "high")}
    return {"accuracy": float(scores[metric]), **ends}


def also(inputs: Inputs, words: Words) -> Iterator[Markup]:
    """What else happened to labels and examples: a sentence for each thing that happened."""
    n_checked = inputs.reviewed - inputs.test_reviewed
    if n_checked:
        yield words("answer.checked", n=n_checked)
    if inputs.test_to_review or inputs.test_reviewed:
        waiting = words("answer.waiting", n=inputs.test_to_review)
        key = "answer.test.checked" if inputs.test_reviewed else "answer.test"
        yield words(key, n=inputs.test_reviewed, waiting=waiting)
    if inputs.decided[FINDING]:
        yield words("answer.dropped", n=inputs.decided[FINDING])
    if inputs.left_out:
        kinds = [words.known(f"kind.{kind}", kind) for kind in sorted(inputs.left_out)]
        n = inputs.left_out.total()
        yield words("answer.left_out", n=n, kinds=words.listed(kinds))


def limits(inputs: Inputs, words: Words) -> Iterator[Markup]:
    """What limits this version: all reasons that apply, the most important one first."""
    scores, clean = inputs.values["evaluate"], inputs.values["clean"]
    is_judged = wrong_share(clean) is not None
    if not is_judged:
        yield words("limit.unjudged")
    for row in inputs.rows["classes"]:
        if int(row["test_examples"]) and not inputs.learned[row["label"]]:
            yield words("limit.unlearned", label=name(row["label"]), n=int(row["test_examples"]))
    lost = 0.0
    if "head_accuracy_cleaned" in scores:
        lost = scores["head_accuracy_uncleaned"] - scores["head_accuracy_cleaned"]
    if lost > _LOST and round(lost * scores["test_examples"]) >= _LOST_EXAMPLES:
        yield words("limit.cleaning", lost=rounded(lost, 1, 100))
    for row in worse_slices(inputs):
        part = {"slice": name(row["slice"]), "value": name(row["value"])}
        n_doubted = int(row["doubted"])
        clause = words("slice.doubted", n=n_doubted) if n_doubted else ""
        say = words("limit.slice", n=int(row["examples"]), accuracy=accuracy(row), **part)
        yield Markup(" ").join(filter(None, [say, clause]))
    if scores["accuracy_high"] - scores["accuracy_low"] > _WIDE:
        yield words("limit.test", n=scores["test_examples"])
    if is_judged and inputs.noise > _NOISY:
        clause = words("limit.noise.answers") if inputs.sources["human"] else ""
        yield Markup(" ").join(filter(None, [words("limit.noise", share=inputs.noise), clause]))
    if inputs.unlabelled > _UNLABELLED * clean["examples"]:
        share = inputs.unlabelled / clean["examples"]
        yield words("limit.unlabelled", share=share, n=inputs.unlabelled)
    alpha = inputs.values["agreement"].get("alpha", 1)
    if alpha < _AGREEING:
        yield words("limit.agreement", alpha=rounded(alpha, 2))
    if scores["test_truth_share"] < 1:
        yield words("limit.truth", share=1 - float(scores["test_truth_share"]))
    rare = rarest(inputs)
    if rare:
        yield words("limit.class", **rare)
    yield words("limit.none")


def worse_slices(inputs: Inputs) -> list[Row]:
    """The slices on which the model is shown to be worse, worst first."""
    return [row for row in inputs.rows["slices"] if row["worse"] == "True"]


def rarest(inputs: Inputs) -> Values:
    """The class with fewest labels, if it has far fewer than the median class; else {}."""
    label, n = min(inputs.given.items(), key=lambda item: (item[1], item[0]))
    usual = median(inputs.given.values())
    return {"label": name(label), "n": n, "usual": int(usual)} if n < _RARE * usual else {}


def largest_first(counts: Mapping[Any, float]) -> list[tuple[Any, Any]]:
    """Names and counts, or shares, the largest first; equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def to_do(inputs: Inputs, words: Words) -> list[tuple[Markup, str]]:
    """What to do next: sentences, each with its command."""
    tasks = []
    n_queued = len(inputs.rows["queue"])
    asks = bool(inputs.to_review or n_queued)
    if asks:
        key = "do.review" if inputs.to_review else "do.ask"
        say = words(key, n=inputs.to_review or n_queued, queue=n_queued)
        tasks.append((say, "python -m assay review"))
    if any(not row["given"] for row in inputs.rows["queue"]):  # otherwise review asks of none
        say = words("do.label", n=inputs.unlabelled)
        tasks.append((say, "python -m assay review"))
    rare = rarest(inputs)
    if rare:
        tasks.append((words("do.rows", **rare), "python -m assay inspect data/raw/NEW"))
    flagged = [row for row in inputs.rows["issues"] if row["decision"] == "review"]
    # Test examples are never dropped, so dropping a kind that only they have changes nothing.
    would_drop = {row["kind"] for row in flagged if row["split"] != "test"} & _DROPPABLE
    findings = Counter(row["kind"] for row in flagged if row["kind"] in would_drop)
    for kind, n in largest_first(findings)[:_KINDS]:
        say = words("do.finding", n=n, kind=words.known(f"kind.{kind}", kind))
        tasks.append((say, f"dvc exp run -S clean.beyond.{kind}=drop"))
    rebuild = words("do.compare.answers" if asks else "do.compare")
    return [*tasks, (rebuild, "dvc repro && python -m assay compare HEAD")]
