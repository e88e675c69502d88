"""What a copy is filled with to be tried: people, partners, webhooks, documentation."""
