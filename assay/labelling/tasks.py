"""The queue as Label Studio's tasks, with the model's predictions, and how people see them."""

import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import quoteattr

import pandas as pd

from assay.catalogue import catalogue, payloads, spreadsheets
from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import InputError
from assay.modalities import registry

_CHOICE = {"from_name": "label", "to_name": "example", "type": "choices"}  # names in `interface`
_BLOCK = 100  # examples read at a time
_JUDGED = ["id", "suggested", "confidence"]
_FORBIDDEN = r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # in XML 1.0, section 2.2


def from_queue() -> tuple[list[dict], list[str], str]:
    """The queue as tasks, in its order; the names of the classes; the medium of the examples."""
    queue = spreadsheets.rows_of_output(paths.QUEUE, ["id", "given", "suggested", "why"])
    examples = catalogue.read()
    pred_probs, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
    medium = registry.named(files.read_json(paths.ENCODER_INFO)["modality"]).MEDIUM
    version = f"assay-{files.md5(paths.PRED_PROBS)[:8]}"
    queued = examples[examples["id"].isin([row["id"] for row in queue])]
    row_of = dict(zip(queued["id"], queued.index, strict=True))  # of pred_probs
    shown = dict(zip(queued["id"], payloads.shown(queued, _BLOCK), strict=True))
    confidences = _confidences(queued)
    tasks = []
    for row in queue:
        id_ = row["id"]
        suggested = row["suggested"]
        if id_ not in row_of or suggested not in classes:
            raise InputError(f"{paths.QUEUE} asks for {id_!r}, which has changed: run `dvc repro`")
        data = {"id": id_, medium: shown[id_], "given": row["given"], "why": row["why"]}
        predicted = float(pred_probs[row_of[id_], classes.index(suggested)])
        score = confidences.get((id_, suggested), predicted)
        choice = _CHOICE | {"value": {"choices": [offered(suggested)]}}
        prediction = {"model_version": version, "score": round(score, 4), "result": [choice]}
        tasks.append({"data": data, "predictions": [prediction]})
    return tasks, classes, medium


def _confidences(queued: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The probability of the suggested class, by id and class, as in the reasons of the queue.

    An example without a label or pseudo-label is left out: for it the prediction counts.

    Parameters
    ----------
    queued : `id` and `split` of examples
    """
    is_test = queued["split"] == "test"
    judged = parquet_files.read_parquet(paths.QUALITY, _JUDGED).to_pandas()
    of_test = spreadsheets.read(paths.DOUBTS, _JUDGED).to_pandas()[_JUDGED]
    in_use = csv_files.read_csv(paths.ANNOTATED_LABELS, paths.LABEL_COLUMNS).to_pandas()
    pseudo = in_use[in_use["source"] == "pseudo"]
    pseudo = pseudo.rename(columns={"label": "suggested", "weight": "confidence"})[_JUDGED]
    tables = [
        judged[judged["id"].isin(queued.loc[~is_test, "id"])],
        of_test[of_test["id"].isin(queued.loc[is_test, "id"])],
        pseudo[pseudo["id"].isin(queued["id"])],
    ]
    rows = pd.concat(tables)
    keys = zip(rows["id"], rows["suggested"], strict=True)
    return dict(zip(keys, rows["confidence"].astype(float), strict=True))


def interface(medium: str, classes: Sequence[str]) -> str:
    """The labelling interface: the example, why it is asked for, and a choice of one class.

    Label Studio reads a value that starts with `$` as a variable. So each class has an alias of the
    same name: answers contain the aliases.
    """
    names = [quoteattr(offered(name)) for name in classes]
    choices = "".join(f"    <Choice value={name} alias={name}/>\n" for name in names)
    return f"""<View>
  <Header value="$why" size="5"/>
  <{medium.capitalize()} name="example" value="${medium}"/>
  <Choices name="label" toName="example" choice="single" showInline="true">
{choices}  </Choices>
</View>
"""


def offered(label: str) -> str:
    r"""The name of a class in Label Studio: characters that XML forbids are escaped, as `\x1b`."""
    return re.sub(_FORBIDDEN, lambda match: match[0].encode("unicode_escape").decode(), label)


def ids(tasks: Iterable[dict]) -> set[str]:
    """The ids of the examples of some tasks; tasks that Assay did not make have none."""
    return {str(task["data"]["id"]) for task in tasks if "id" in task["data"]}
