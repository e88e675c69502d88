"""The documentation site: `docs/` and the pages beside it, as files that any folder can serve."""
