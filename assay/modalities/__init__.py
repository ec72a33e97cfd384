"""What an image, a sound, a text and a table are: decoded, stored, changed a little for training, shown to people.

It may use `contract`. Only `registry` tells modalities apart.
"""
