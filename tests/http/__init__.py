"""Parts that every HTTP service shares."""
