"""What any house may use: checkout, locks, JSON, Markdown, text. Nothing of orders or AWS."""
