"""The program inside a replica: loads the user's code, recognises its handler, and serves it.

It may import the standard library and the user's environment, and no package of plat.
"""
