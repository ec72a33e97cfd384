"""Assay measures what each version of a data set is worth, and why. The stages use this library."""

import os

# Otherwise ONNX Runtime reports its use to its makers, over the network.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
