"""What Sphinx is told; it runs in an environment of its own (requirements/site.in)."""

from __future__ import annotations

project = "Food-delivery orders"
html_title = project
copyright = ""  # noqa: A001 - Sphinx's name for it
html_show_copyright = False
root_doc = "index"
smartquotes = False  # what is written is what is shown

extensions = ["myst_parser"]
myst_heading_anchors = 4  # as GitHub makes them: a link works in both
suppress_warnings = [
    "misc.highlighting_failure",  # examples leave parts out, by …
]

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_permalinks_icon = "#"
pygments_style = "friendly"
pygments_dark_style = "monokai"
