"""Hostile events for every handler, in process, and a judge of what the handlers make of them."""
