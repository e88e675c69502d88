"""`orders prove --local` on the running copy, and a world that answers wrongly."""
