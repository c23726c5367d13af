"""The Metadata Service: search, the catalogue and the API."""
