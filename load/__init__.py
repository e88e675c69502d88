"""Load against a running copy or a stage: a day's people, what they met, and the accounting."""
