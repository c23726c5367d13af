"""The Metadata Service: search, following a store, and the API."""
