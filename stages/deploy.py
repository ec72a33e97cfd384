"""Write the release: an ONNX file, a description of its input and output, and a model card."""

from importlib.metadata import version

import pyarrow.compute as pc

from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import run, tell
from assay.release import model_card


def main() -> None:
    info = files.read_json(paths.CLASSES)
    info["labels"] = files.md5(paths.ANNOTATED_LABELS)
    info["versions"] = {package: version(package) for package in model_card.PACKAGES}
    metrics = {
        "clean": files.read_json(paths.CLEAN_METRICS),
        "train": files.read_json(paths.TRAIN_METRICS),
        "evaluate": files.read_json(paths.EVALUATE_METRICS),
    }
    encoder = files.read_json(paths.ENCODER_INFO)
    sources = []
    for path in (paths.ANNOTATED_LABELS, paths.TEST_LABELS):
        sources += csv_files.read_csv(path, ["source"])["source"].to_pylist()
    by_class = csv_files.read_csv(paths.CLASS_METRICS, ["recall", "test_examples"]).to_pylist()
    batches = files.listed_batches()
    card = model_card.write(
        info, encoder, batches, metrics, sources, by_class=by_class, left_out=left_out()
    )
    files.write_bytes(paths.RELEASE_MODEL, paths.CLASSIFIER.read_bytes())
    files.write_json(paths.RELEASE_INFO, info)
    files.write_bytes(paths.MODEL_CARD, card.encode())
    tell(f"deploy: {paths.RELEASE_MODEL}, {len(info['classes']):,} classes; {paths.MODEL_CARD}")


def left_out() -> tuple[int, int]:
    """How many examples `clean` left out for their labels, and for other findings."""
    of_findings = set(csv_files.read_csv(paths.LEFT_OUT, ["id"])["id"].to_pylist())
    judged = parquet_files.read_parquet(paths.QUALITY, ["id", "decision"])
    dropped = judged.filter(pc.equal(judged["decision"], "drop"))["id"].to_pylist()
    return len(set(dropped) - of_findings), len(of_findings)


if __name__ == "__main__":
    run(main)
