"""What `make bench` compares does the same job on both sides; no stack runs for it."""
