"""What watches: metrics, alarms, dashboard, queries, traces, budget. It serves no caller."""
