"""What CloudWatch means: alarms, metric math, queries, widgets. Pure: no AWS client, no file."""
