"""What the template promises of the work: functions, tables, queues, keys, permissions."""
