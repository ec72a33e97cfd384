"""Put together what ships: one ONNX file from payload to probabilities, what it takes and gives, and a model card."""

from importlib.metadata import version

from assay.contract import files, paths
from assay.contract.errors import run
from assay.release import model_card


def main() -> None:
    info = files.read_json(paths.CLASSES)
    versions = {package: version(package) for package in model_card.PACKAGES}
    info |= {"labels": files.md5(paths.ANNOTATED_LABELS), "versions": versions}
    metrics = {
        "clean": paths.CLEAN_METRICS,
        "train": paths.TRAIN_METRICS,
        "evaluate": paths.EVALUATE_METRICS,
    }
    metrics = {stage: files.read_json(path) for stage, path in metrics.items()}
    card = model_card.write(
        info, files.read_json(paths.ENCODER_INFO), files.listed_batches(), **metrics
    )
    files.write_bytes(paths.RELEASE_MODEL, paths.CLASSIFIER.read_bytes())
    files.write_json(paths.RELEASE_INFO, info)
    files.write_bytes(paths.MODEL_CARD, card.encode())


if __name__ == "__main__":
    run(main)
