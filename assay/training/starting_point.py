"""Where training starts: at the encoder's weights, at random ones, or frozen at the encoder."""

from assay.contract.errors import InputError
from assay.contract.parameters import Train

DESCRIPTIONS = {
    "encoder": "training from the weights of the encoder",
    "scratch": "training from random weights",
    "frozen": "fitting a linear classifier on the output of the encoder",
}


def choose(params: Train, encoder: dict) -> str:
    """The starting point, a key of `DESCRIPTIONS`.

    Parameters
    ----------
    params : the section `train`
    encoder : the content of encoder.json

    Raises
    ------
    InputError
        If the parameters contradict each other or the encoder.
    """
    elsewhere = encoder["elsewhere"]
    if params.start == "encoder" and encoder["start"] != "encoder" and not elsewhere:
        method = encoder["method"]
        raise InputError(
            f"params.yaml: train.start: encoder needs weights, and {method} has none: use auto"
        )
    start = encoder["start"] if params.start == "auto" else params.start
    if start == "frozen" and params.soft_labels:
        others = "encoder, or scratch" if elsewhere else "scratch"
        reason = "is for networks, and start: frozen trains none"
        raise InputError(f"params.yaml: train.soft_labels {reason}: use {others}")
    if params.lora and not (start == "encoder" and elsewhere):
        reason = "is for an encoder from elsewhere that is trained further"
        raise InputError(f"params.yaml: train.lora {reason}: use start: encoder")
    if params.network == "large":
        if encoder.get("tokens"):
            reason = "is no Transformer, but pretrain.method asks for one"
            raise InputError(f"params.yaml: train.network: large {reason}: use small")
        if start == "encoder":
            reason = "cannot start from the encoder's weights"
            raise InputError(f"params.yaml: train.network: large {reason}: use start: scratch")
    return start
