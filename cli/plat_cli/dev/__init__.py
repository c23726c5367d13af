"""The parts of `plat dev`, which redeploys functions when a file is saved.

`folders` finds functions, `syntax` finds syntax errors, and `session` deploys. This package uses
the same HTTP API as `plat deploy`.
"""
