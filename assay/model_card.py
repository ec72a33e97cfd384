"""The model card: what a model is, what it learned from, and how well it does (Mitchell et al. 2019)."""

from importlib.metadata import version

_PACKAGES = ("tensorflow", "keras", "onnxruntime", "cleanlab", "scikit-learn", "numpy")
_SCORES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
}


def versions() -> dict[str, str]:
    """The versions of the packages that a model depends on."""
    return {package: version(package) for package in _PACKAGES}


def write(info: dict, encoder: dict, batches: list[str], *, clean: dict, train: dict, evaluate: dict) -> str:
    """The card, as Markdown.

    Parameters
    ----------
    info : what the release file takes and gives, as in release/model.json
    encoder : what models/encoder/encoder.json says
    batches : the names of the listed batches
    clean, train, evaluate : the metrics of those stages
    """
    shape = " × ".join(map(str, info["shape"]))
    scores = "\n".join(
        f"| {name} | {evaluate[key]:.4f} | {evaluate[f'{key}_low']:.4f} to {evaluate[f'{key}_high']:.4f} |"
        for key, name in _SCORES.items()
    )
    start = "the weights of that encoder" if train["fine_tuned"] else "random weights"
    return f"""# Model card

A classifier of {info["modality"]}s ({shape}) into {len(info["classes"])} classes: {", ".join(info["classes"])}.
`model.onnx` takes `payload` and gives `probabilities`; `model.json` says what they are.
Predict with `python -m assay predict FILE…`, or with ONNX Runtime alone.

## Data
- batches: {", ".join(batches)}
- {clean["examples"]} examples, {clean["labelled"]} of them labelled by people
- cleaning: {clean["relabel"]} labels replaced, {clean["drop"]} examples left out, {clean["review"]} for review
- {train["train_examples"]} examples for training, {train["validation_examples"]} for validation; their labels' MD5 is
  {info["labels"]}

## Training
The encoder by which labels were judged was learned without labels, by the method `{encoder["method"]}`. The network was
trained for {train["epoch"]} epochs, from {start}; its probabilities are calibrated by a
temperature of {train["temperature"]:.2f}.

## Scores on {evaluate["test_examples"]} test examples
| score | value | interval |
| --- | --- | --- |
{scores}

The test examples were chosen by content hash or by the data's own split; no stage learned from them.
{evaluate["test_truth_share"]:.0%} of them are scored against a known truth, the rest against people's labels.

## Limits
It knows these classes and nothing else: whatever it is shown, it names one of them. Scores hold for data that comes
from where the test examples came from.
"""
