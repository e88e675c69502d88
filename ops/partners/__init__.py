"""Partners' accounts, keys, webhooks and usage, as operators see and change them."""
