"""What runs inside a replica: it loads the user's code, recognises its shape, and serves it.

Stand-alone by law: it imports the standard library, the user's environment and nothing of plat.
"""
