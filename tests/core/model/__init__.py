"""The words of plat: what they take, what they refuse, and how they say so."""
