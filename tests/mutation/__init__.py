"""Whether the checks of the templates find what is wrong: faults planted one at a time."""
