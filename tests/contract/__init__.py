"""The running API against its OpenAPI document: requests, hooks, rules, and the judge."""
