"""What does the work: functions, queues, tables, keys, parameters, permissions, the heartbeat."""
