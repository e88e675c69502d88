"""The one error of the site's building."""

from __future__ import annotations


class SiteError(Exception):
    """The site cannot be built as the pages stand; the message says which, and what to do."""
