"""The local run: how it starts and deploys, what it keeps, and what its pages show."""
