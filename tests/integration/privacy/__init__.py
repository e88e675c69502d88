"""What people wrote, and secrets: where they may be seen, and where never."""
