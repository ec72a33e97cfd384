"""Play the expert: answer the first examples of the queue with the true labels of the simulation.

python -m benchmarks.answer_queue 100
"""

import csv
import sys

from assay.contract import csv_files, files, paths


def main() -> None:
    known = {
        row["id"]: row["label"]
        for batch in files.listed_batches()
        for row in read(paths.truth(batch))
    }
    asked = [row["id"] for row in read(paths.QUEUE)][: int(sys.argv[1])]
    answers = [(id_, "expert", known[id_]) for id_ in asked if id_ in known]
    csv_files.write_csv(
        paths.ANNOTATIONS / "expert.csv", ["id", "annotator", "label"], sorted(answers)
    )
    print(f"{len(answers)} answers in {paths.ANNOTATIONS / 'expert.csv'}")


def read(path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
