"""What tests of traces share: traces as X-Ray gives them, and the schema of segments."""
