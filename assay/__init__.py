"""Assay: what every version of a data set is worth, and why. The stages in `stages/` stand on this library."""
