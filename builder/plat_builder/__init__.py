"""The builder: turns a user's source into an artifact, and says aloud what it does.

It may import the core. It treats every byte of a source as hostile: what comes out of an archive
stays in its folder, and what a build runs gets no secret of the platform and no time without end.
"""
