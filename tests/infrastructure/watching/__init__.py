"""What the template promises whoever watches: alarms, dashboard, logs, budget."""
