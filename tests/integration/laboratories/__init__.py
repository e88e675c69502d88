"""What integration tests try things with: APIs, queues, proxies. No test stands here."""
