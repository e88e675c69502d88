"""One module for each function: parse, decide, store, answer."""
