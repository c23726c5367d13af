"""Languages: how the packages and the code of each one get into an image.

One module per language, strangers to each other, and the words that they share.
"""
