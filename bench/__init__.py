"""Measurements that anyone can repeat: compare ratios, the times are this host's."""
