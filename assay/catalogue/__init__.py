"""Read all listed batches as one data set; read and write tables for people.

It may use `contract` and `modalities`.
"""
