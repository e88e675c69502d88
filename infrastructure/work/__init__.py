"""What does the work: functions, queues, tables, keys, parameters. Nothing watches from here."""
