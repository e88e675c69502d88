"""The stage that probes look at: its front door, its AWS services, and callers of its own."""
