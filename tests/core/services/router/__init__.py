"""The router: the route table, leases and the activator."""
