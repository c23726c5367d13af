"""The builder: turns a user's source into an artifact, and logs each step.

It may import the core and plat_http. It treats every source as hostile: archives cannot write
outside their folder, and programs of a build get a timeout and no secret of the platform.
"""
