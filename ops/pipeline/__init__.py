"""What only the pipeline asks for: previews, a look with few permissions, a release's files.

A deployment itself is `ops/release`, by whomever it is started.
"""
