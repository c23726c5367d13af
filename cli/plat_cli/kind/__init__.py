"""The platform on a local kind cluster: `plat up --kind` and `plat down --kind`.

This package runs docker and kind as subprocesses, and the kubectl of the cluster's node, so that no
other program is needed. It must not use the Kubernetes API directly.
"""
