"""The Helm chart, as far as Helm alone can tell."""
