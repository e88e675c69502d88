"""Makes cases: sound events, and hostile ones of them. They are judged elsewhere."""
