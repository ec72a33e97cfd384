"""What is shown of people through the real stages, also of those who label test examples alone."""

import csv

import numpy as np

from assay.contract import parquet_files, paths

N, N_TEST = 300, 100
CLASSES = np.array(list("abc"))


def table(path) -> dict[str, dict]:
    """The rows of a CSV file, by their first cell."""
    with path.open(encoding="utf-8") as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


def batch(guesses: np.ndarray) -> dict[str, str]:
    """A table of three clusters. `anna` and `bela` label it all but for the last hundred examples.

    These are the test split. `expert` is always right about them; `guesses` are another's labels.
    """
    rng = np.random.default_rng(0)
    true = np.arange(N) % 3
    x = rng.normal(size=(N, 3)) + 4 * np.eye(3)[true]
    anna, bela = ((true + (rng.random(N) < share)) % 3 for share in (0.05, 0.3))
    rows, answers = ["key,split,x,y,z"], ["key,annotator,label"]
    for number in range(N):
        is_test = number >= N - N_TEST
        rows.append(f"{number},{'test' if is_test else 'train'},{','.join(map(str, x[number]))}")
        people = {"expert": true, "guesser": guesses} if is_test else {"anna": anna, "bela": bela}
        answers += [f"{number},{name},{CLASSES[of[number]]}" for name, of in people.items()]
    return {"examples.csv": "\n".join([*rows, ""]), "annotations.csv": "\n".join([*answers, ""])}


def test_people_who_label_test_examples_alone(workspace):
    """Their accuracy is that of these labels, which still do not change what is learned from."""
    for name in ("batches", "pretrain.batches"):
        workspace.set(name, ["b"])
    workspace.set("collect.validation", 0.0)
    rng = np.random.default_rng(1)
    learned = []
    for guesses in (rng.integers(3, size=N), np.zeros(N, int)):
        files = batch(guesses)
        if learned:
            for name, content in files.items():
                workspace.write(f"data/raw/b/{name}", content)
        else:
            workspace.raw(files)
        for stage in ("collect@b", "sample@b", "pretrain", "embed@b", "clean"):
            workspace.done(stage)
        people = table(paths.ANNOTATORS)
        right = (guesses == np.arange(N) % 3)[-N_TEST:].mean()
        for name, share in (("expert", 1.0), ("guesser", right), ("anna", 0.95), ("bela", 0.7)):
            row = people[name]
            assert abs(float(row["accuracy"]) - share) < 0.06, row
            assert float(row["accuracy_low"]) - 0.01 < share < float(row["accuracy_high"]) + 0.01
        cleaned = table(paths.CLEANED_LABELS)
        examples = parquet_files.read_parquet(paths.examples("b"), ["id", "split"]).to_pylist()
        train = [row["id"] for row in examples if row["split"] == "train"]
        learned.append({id_: cleaned.get(id_) for id_ in train})
    assert learned[0] == learned[1]
    assert len(learned[0]) == N - N_TEST
