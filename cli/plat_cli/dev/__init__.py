"""`plat dev`: a folder of functions behind the real gateway, deployed anew at every save.

Here are the parts: which folders are functions, what a saved file's syntax error looks like, and
the loop. It is a client like the rest of the command: what it does, `plat deploy` could do.
"""
