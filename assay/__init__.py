"""Assay: what every version of a data set is worth, and why. The stages in `stages/` stand on this library."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = (
    "1"  # else ONNX Runtime reports its use to its makers, over the network
)
