"""A linear classifier on the output of the frozen encoder."""

import numpy as np

from assay.contract import paths
from assay.contract.inference import Model
from assay.contract.parameters import Parameters
from assay.training import calibration, linear_head, onnx_graph
from assay.training.classifier import LabelledExamples, Trained, balanced_weights
from assay.training.linear_head import FEATURES, Features, LinearHead


def fit(
    train: LabelledExamples, validation: LabelledExamples, n_classes: int, params: Parameters
) -> Trained:
    """Fit the classifier, calibrate it on the validation examples, and fit it again on both splits.

    With `class_weights: balanced`, weights are balanced over the examples of each fit.
    """
    is_balanced = params.train.class_weights == "balanced"
    encoder = Model(paths.ENCODER, FEATURES, portable=params.portable, threads=params.threads)
    weighted = train.balanced() if is_balanced else train
    head, features, validation_features = fit_head(encoder, weighted, validation, n_classes)
    logits = head.logits(features)
    scores = {"epoch": 1, **_scores(logits, train.codes)}
    temperature = 1.0
    heads = [head]
    if validation_features is not None:
        logits = head.logits(validation_features)
        codes = validation.codes
        of_validation = _scores(logits, codes)
        scores |= {f"validation_{name}": score for name, score in of_validation.items()}
        temperature = calibration.temperature(logits, codes)
        all_codes = np.append(train.codes, codes)
        weights = np.append(train.weights, validation.weights)
        of_both = linear_head.fit(
            linear_head.gather([features, validation_features]),
            all_codes,
            balanced_weights(all_codes, weights) if is_balanced else weights,
            n_classes,
            strengths=[head.strength],
        )
        heads.append(of_both)
    content = paths.ENCODER.read_bytes()
    output = encoder.output
    graphs = [
        onnx_graph.with_linear_head(content, head.coef, head.intercept, temperature, output)
        for head in heads
    ]
    # if a class is only in the validation split, the first head does not know it, but the last does
    is_comparable = np.isin(validation.codes, train.codes).all()
    before_validation = graphs[0] if is_comparable else graphs[-1]
    learned_validation = len(graphs) > 1
    return Trained(graphs[-1], before_validation, [scores], scores, temperature, learned_validation)


def fit_head(
    encoder: Model, train: LabelledExamples, validation: LabelledExamples, n_classes: int
) -> tuple[LinearHead, Features, Features | None]:
    """The head that does best on the validation examples, and the features of both splits.

    If there are no validation examples, their features are None.
    """
    features = linear_head.gather(map(encoder, train.read()))
    validation_features = checked = None
    if len(validation):
        validation_features = linear_head.gather(map(encoder, validation.read()))
        checked = (validation_features, validation.codes)
    head = linear_head.fit(features, train.codes, train.weights, n_classes, checked)
    return head, features, validation_features


def _scores(logits: np.ndarray, codes: np.ndarray) -> dict[str, float]:
    accuracy = float((logits.argmax(axis=1) == codes).mean())
    return {"accuracy": accuracy, "loss": linear_head.loss(logits, codes)}
