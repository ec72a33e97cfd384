"""Images, sounds, texts and tables: how each is decoded, stored, augmented and shown to people.

It may use `contract`. `registry` finds the module of a modality by its name.
"""
