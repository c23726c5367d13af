"""Languages: how the packages and the code of each one get into an image.

One module per language, the words that they share, and `plain` for all that need no help.
"""
