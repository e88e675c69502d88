"""Partners' accounts, keys and webhooks, as operators change them. Requests are for orders."""
