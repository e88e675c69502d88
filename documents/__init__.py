"""Documents that are made from code, and what a newer release would break or lose."""
