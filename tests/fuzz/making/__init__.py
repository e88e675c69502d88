"""Makes cases: sound events, hostile values, tenants. They are judged elsewhere."""
