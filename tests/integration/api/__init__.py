"""The API over HTTP: what callers get, whoever they are and whatever they send."""
