"""Put together what ships: one ONNX file from payload to probabilities, what it takes and gives, and a model card."""

from importlib.metadata import version

from assay import dataset, model_card
from assay.errors import run


def main() -> None:
    info = dataset.read_json(dataset.CLASSES)
    versions = {package: version(package) for package in model_card.PACKAGES}
    info |= {"labels": dataset.fingerprint(dataset.ANNOTATED_LABELS), "versions": versions}
    metrics = {"clean": dataset.CLEAN_METRICS, "train": dataset.TRAIN_METRICS, "evaluate": dataset.EVALUATE_METRICS}
    metrics = {stage: dataset.read_json(path) for stage, path in metrics.items()}
    card = model_card.write(info, dataset.read_json(dataset.ENCODER_INFO), dataset.listed(), **metrics)
    dataset.write_bytes(dataset.RELEASE_MODEL, dataset.CLASSIFIER.read_bytes())
    dataset.write_json(dataset.RELEASE_INFO, info)
    dataset.write_bytes(dataset.MODEL_CARD, card.encode())


if __name__ == "__main__":
    run(main)
