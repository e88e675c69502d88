"""What callers meet: the API, its address, firewall, sign-in. No function is defined here."""
