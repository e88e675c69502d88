"""What one caller can cost, and what keeps it from more."""
