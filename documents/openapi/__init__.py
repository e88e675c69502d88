"""The API's OpenAPI document, and what a newer one breaks. The routes stand in orders."""
