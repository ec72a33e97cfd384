"""All listed batches as one data set: its examples, payloads, labels and features, and tables for people.

It may use `contract` and `modalities`.
"""
