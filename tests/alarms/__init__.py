"""Which alarm fires when: situations, chances, and the reviewed table behind docs/alarms.md."""
