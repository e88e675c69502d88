"""A run of the proof: what it will take, the stage made and removed, the probes, the report."""
