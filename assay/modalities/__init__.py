"""What an image, a sound, a text and a table are: decoded, stored, augmented, shown to people.

It may use `contract`. `registry` finds the module of a modality by its name.
"""
