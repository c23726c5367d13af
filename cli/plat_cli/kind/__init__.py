"""The platform on a kind cluster of this machine: `plat up --kind`, `plat down --kind`.

Docker and kind are driven as programs, the cluster through the kubectl of its own node, so that
nothing else has to be installed. What is there already is left as it is; nothing here speaks to the
API server itself or knows what the operator does.
"""
