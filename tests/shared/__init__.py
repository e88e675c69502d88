"""What tests of several folders share: examples, events, people. No test stands here."""
