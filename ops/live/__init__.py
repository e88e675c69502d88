"""What a stage runs now: its releases, the alias `live`, smoke test, status and drift.

How a release gets there is `ops/release`.
"""
