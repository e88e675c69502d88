"""Restaurants over HTTP: what reaches them, how they answer it, and in what time."""
