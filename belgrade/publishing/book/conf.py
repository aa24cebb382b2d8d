"""Settings of the book (https://www.sphinx-doc.org/en/master/usage/configuration.html).

`belgrade site` names the folder of sources and the repository's address.
"""

project = "From Russia With Love?"
author = "the authors of the module"
html_title = "From Russia With Love? A teaching module in ten notebooks"
html_short_title = project
copyright = "text CC BY 4.0, code MIT; tables from others keep their owners' terms"
language = "en"

extensions = ["myst_nb", "belgrade.publishing.book.extension"]
exclude_patterns = ["README.md"]  # it is part of the first page
suppress_warnings = ["config.cache"]

# The stored outputs are the book: nothing is run.
nb_execution_mode = "off"
nb_custom_formats = {".ipynb": "belgrade.publishing.book.notebooks.read"}
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 4

html_theme = "sphinx_book_theme"
html_math_renderer = "mathml"
html_permalinks_icon = "#"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_favicon = "static/favicon.svg"
html_show_sphinx = False
html_use_index = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_persistent": [],  # the side bar has the search
    "show_toc_level": 2,
    "use_fullscreen_button": False,
}
html_sidebars = {"**": ["book-title.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
templates_path = ["templates"]
