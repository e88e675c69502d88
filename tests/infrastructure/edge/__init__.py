"""What the template promises callers: methods, address, firewall, sign-in."""
