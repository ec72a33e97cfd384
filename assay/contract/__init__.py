"""What every stage needs: parameters, paths, file formats, ids, errors, and how a model is run.

It may use no other package of Assay.
"""
