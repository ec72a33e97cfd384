"""The model card: what a model is, what it learned from, and how well it does (Mitchell et al. 2019)."""

from pathlib import Path

from assay.contract import paths

PACKAGES = (
    "tensorflow",
    "keras",
    "onnxruntime",
    "cleanlab",
    "scikit-learn",
    "numpy",
)  # that a model depends on

_TRAINING = {
    "encoder": "The network was trained for {epoch} epochs, from the weights of that encoder",
    "scratch": "The network was trained for {epoch} epochs, from random weights",
    "frozen": "That encoder was kept as it is, and a linear classifier fitted on what it gives",
}


def write(
    info: dict, encoder: dict, batches: list[str], *, clean: dict, train: dict, evaluate: dict
) -> str:
    """The card, as Markdown: model_card.md, filled in.

    Parameters
    ----------
    info : what the release file takes and gives, as in release/model.json
    encoder : what models/encoder/encoder.json says
    batches : the names of the listed batches
    clean, train, evaluate : the metrics of those stages
    """
    elsewhere = encoder["method"].startswith(paths.ELSEWHERE)
    words = {
        "shape": " × ".join(map(str, info["shape"])) or "of any length",
        "n_classes": len(info["classes"]),
        "classes": ", ".join(info["classes"]),
        "batches": ", ".join(batches),
        "origin": "comes from elsewhere,"
        if elsewhere
        else "was learned without labels, by the method",
        "training": _TRAINING[train["start"]].format(**train),
    }
    template = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return template.format(
        info=info, encoder=encoder, clean=clean, train=train, evaluate=evaluate, **words
    )
