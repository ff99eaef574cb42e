"""How the documentation is built: MyST pages in this folder, warnings as errors (``make docs``)."""

from importlib.metadata import version as installed

project = "chatcore"
author = "The chatcore authors"
copyright = author
release = version = installed("chatcore")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"

html_theme = "furo"
html_title = f"chatcore {release}"
