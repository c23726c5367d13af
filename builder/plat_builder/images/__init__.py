"""OCI images: documents, layers, and registries.

May not import anything about functions or builds.
"""
