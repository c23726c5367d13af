"""A function's life: its surroundings, its time, its scale, and what survives a kill."""
