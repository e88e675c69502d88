"""Tests of orders/aws, and of DynamoDB's calls that go by it: over sockets, but no network."""
