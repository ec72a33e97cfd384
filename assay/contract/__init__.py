"""What every stage starts with: parameters, paths, file formats, identity, errors, and how a model is run.

It may use no other package of Assay.
"""
