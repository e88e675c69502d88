"""What `make docs` writes: documents made from code. What they tell of stands elsewhere."""
