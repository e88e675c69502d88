"""Pages in a real browser: on the allowed origin, on a foreign one, and our own two."""
