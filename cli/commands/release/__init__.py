"""The commands about which release a stage runs: deploy, roll back, look, prove.

What they do is in `ops/release` (a deployment) and `ops/live` (what runs now); they ask and print.
"""
