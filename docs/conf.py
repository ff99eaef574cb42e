"""How the documentation is built: MyST pages in this folder, warnings as errors (``make docs``)."""

import runpy
from importlib.metadata import version as installed
from pathlib import Path

# The protocol's reference is made from the code, each time.
runpy.run_path(str(Path(__file__).with_name("generate_protocol.py")), run_name="__main__")

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
