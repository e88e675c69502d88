"""What the service holds of one person: shown, kept, and overwritten."""
