"""What the service costs, and what orders took. Prices and model; nothing is changed here."""
