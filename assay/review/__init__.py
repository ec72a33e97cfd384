"""The review page: doubted labels and the queue in the browser, and people's answers in a file.

It may use `contract`, `modalities`, `catalogue`, `cleaning` and `annotation`.
"""
