"""The groups of `orders`, a module each. What they do stands in ops and local, not here."""
