"""What is looked at before a deployment, and what it changes. Templates come from elsewhere."""
