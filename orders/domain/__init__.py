"""The rules of an order: pure functions and data, no I/O and no AWS."""
