"""Deployments: what is looked at before, what changes, and how it is done and undone."""
