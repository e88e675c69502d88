"""The commands that look at what a stage runs, on the running stack."""
