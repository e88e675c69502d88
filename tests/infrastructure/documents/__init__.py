"""What templates and routes are documented by, and held to: costs, limits, contract, releases."""
