"""A Sphinx extension: pictures as files, formulas as MathML, links out of the book, launching."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import posixpath
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx import addnodes

from belgrade.publishing.links import Home, launch_links

if TYPE_CHECKING:
    from sphinx.application import Sphinx

INLINED = re.compile(r'src="data:image/png;base64,([^"]+)"')


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything; Sphinx calls this."""
    app.add_config_value("belgrade_root", "", "env")  # the module's folder
    app.add_config_value("belgrade_home", None, "env", (Home, type(None)))
    app.add_config_value("belgrade_hub", None, "env", (str, type(None)))
    app.add_config_value("belgrade_lite", False, "env")
    app.add_config_value("belgrade_live", False, "env")
    app.add_html_math_renderer("mathml", (_inline_math, None), (_block_math, None))
    app.connect("doctree-read", _write_pictures)
    app.connect("doctree-read", _resolve_links)
    app.connect("doctree-read", _name_empty_heads)
    app.connect("html-page-context", _launch, priority=900)
    app.connect("html-page-context", _make_live)
    app.connect("html-page-context", _sum_up)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline_math(translator: Any, node: nodes.math) -> None:
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block_math(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(tex2mathml(node.astext(), as_block=True))
    raise nodes.SkipNode


def _write_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Put the pictures inside outputs into files, each once.

    Browsers fetch a page's first at once, the others when they are needed.
    """
    from PIL import Image

    folder = Path(app.outdir) / "_images"
    up = "../" * app.env.docname.count("/")
    loading = itertools.chain([""], itertools.repeat('loading="lazy" '))

    def as_file(match: re.Match[str]) -> str:
        png = base64.b64decode(match[1])
        path = folder / f"{hashlib.sha256(png).hexdigest()[:16]}.webp"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            Image.open(io.BytesIO(png)).save(path, "webp", lossless=True)
        return f'{next(loading)}src="{up}_images/{path.name}"'

    for node in doctree.findall(nodes.raw):
        html = node.astext()
        if INLINED.search(html):
            node.children = [nodes.Text(INLINED.sub(as_file, html))]


def _resolve_links(app: Sphinx, doctree: nodes.document) -> None:
    """Resolve links to files of the repository that are no pages of the book.

    They lead to the repository where that is known, and else are words without a link. Pictures
    from elsewhere, such as badges, give way to nothing: no page asks for anything outside.
    """
    docname = app.env.docname
    for node in list(doctree.findall(addnodes.pending_xref)):
        if node.get("reftype") != "myst" or node.get("refdomain"):
            continue
        target = node["reftarget"].partition("#")[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(docname), target))
        if path == "README.md":
            uri = app.builder.get_relative_uri(docname, app.config.root_doc)
        elif not (Path(app.config.belgrade_root) / path).exists():
            continue  # Sphinx warns of it
        elif home := app.config.belgrade_home:
            uri = home.page(path)
        else:
            node.replace_self(node.children)
            continue
        node.replace_self(nodes.reference("", "", *node.children, refuri=uri))
    for picture in list(doctree.findall(nodes.image)):
        if "://" in picture["uri"]:
            lone = isinstance(picture.parent, nodes.reference) and len(picture.parent) == 1
            (picture.parent if lone else picture).replace_self([])


def _name_empty_heads(app: Sphinx, doctree: nodes.document) -> None:
    """Give the empty head above a table's row labels a name that is heard, not seen."""
    for head in doctree.findall(nodes.thead):
        for entry in head.findall(nodes.entry):
            if not entry.astext().strip():
                entry.children = []
                entry += nodes.paragraph(
                    "", "", nodes.inline("", "Row", classes=["visually-hidden"])
                )


def _launch(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the rocket on the page: it opens the notebook, and from other pages the first lesson."""
    config, env = app.config, app.env
    first = min((name for name in env.found_docs if name.startswith("notebooks/")), default="")
    source = env.doc2path(page, base=False).as_posix() if page in env.found_docs else ""
    source = source if source.endswith(".ipynb") else f"{first}.ipynb"
    lite = "" if config.belgrade_lite else None
    buttons = [
        {
            "type": "link",
            "text": link.name,
            "tooltip": f"Open {posixpath.basename(source)} in {link.name}",
            "icon": f"_static/images/logo_{link.logo}",
            "url": link.url if urlsplit(link.url).scheme else context["pathto"](link.url, 1),
        }
        for link in launch_links(source, config.belgrade_home, config.belgrade_hub, lite)
    ]
    if buttons and first:
        menu = {"type": "group", "icon": "fas fa-rocket", "tooltip": "Launch", "buttons": buttons}
        context["header_buttons"].insert(0, menu | {"label": "launch-buttons"})


def _make_live(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Add the script that answers to the reader to pages with something to choose or to fill in."""
    body = context.get("body", "")
    drawn: dict[str, Any] = {"data-explorers": "drawn"} if app.config.belgrade_live else {}
    if "data-asks=" in body or (drawn and "data-explorer=" in body):
        app.add_css_file("live.css")
        app.add_js_file("live.js", loading_method="defer", **drawn)


def _sum_up(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give the page its first paragraph as what search engines show of it (`layout.html`)."""
    if doctree and (first := next(doctree.findall(nodes.paragraph), None)):
        context["summary"] = textwrap.shorten(first.astext(), 160, placeholder=" …")
