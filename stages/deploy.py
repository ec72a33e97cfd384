"""Put together what ships: one ONNX file from payload to probabilities, what it takes and gives, and a model card."""

from assay import dataset, model_card, parameters
from assay.errors import run


def main() -> None:
    parameters.load()
    info = dataset.read_json(dataset.CLASSES) | {
        "labels": dataset.fingerprint(dataset.ANNOTATED_LABELS),
        "versions": model_card.versions(),
    }
    card = model_card.write(
        info,
        dataset.read_json(dataset.ENCODER_INFO),
        dataset.listed(),
        clean=dataset.read_json(dataset.CLEAN_METRICS),
        train=dataset.read_json(dataset.TRAIN_METRICS),
        evaluate=dataset.read_json(dataset.EVALUATE_METRICS),
    )
    dataset.write_bytes(dataset.RELEASE_MODEL, dataset.CLASSIFIER.read_bytes())
    dataset.write_json(dataset.RELEASE_INFO, info)
    dataset.write_bytes(dataset.MODEL_CARD, card.encode())


if __name__ == "__main__":
    run(main)
