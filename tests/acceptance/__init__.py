"""The contracts, held against a platform as it is started and used."""
