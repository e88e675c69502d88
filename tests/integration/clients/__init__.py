"""Clients that generators make of the OpenAPI document, on the running stack."""
