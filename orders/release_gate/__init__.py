"""The release gate: a new version is asked before anybody meets it.

handler ─► plan      what CloudFormation asks for; whether it goes back
           gate      the whole course, its time and its money
           ├─ rounds     an order of each shape: placed, repeated, read, changed, ended, crosswise
           ├─ lists      pages of those orders, their order, and cursors crosswise
           ├─ doors      what must be refused, and everybody else's routes
           └─ workers    messages as the queues bring them
asking ─► invoking   Lambda's Invoke, by version and by alias
comparing            equal but for ids and times; more is allowed, less is not

Nothing here is of the domain: a sum or a check that the new release has wrong would be wrong here.
docs/decisions/0035-releases-and-their-gate.md
"""

CHECK, SKIP = "check", "skip"
"""What the custom resource's property Gate says."""

KEY_ID = "release-gate"
"""The id of the gate's API key: one that API Gateway gives no key, for it has a hyphen."""
