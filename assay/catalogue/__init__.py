"""All listed batches as one data set: examples, payloads, labels, features; tables for people.

It may use `contract` and `modalities`.
"""
