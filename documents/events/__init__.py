"""The messages that the service sends: their JSON Schemas, examples, and the AsyncAPI document."""
