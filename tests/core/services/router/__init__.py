"""The way to a replica: the route table, leases and the activator."""
