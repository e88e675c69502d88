"""Deployments: what is looked at before, what changes, and how. Templates come from elsewhere."""
