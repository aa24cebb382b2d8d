"""Notebooks as they stand in the book: outputs made still, explorers in frames of their own."""

from __future__ import annotations

import re

import nbformat
from bs4 import BeautifulSoup, Tag

DATE_OR_NUMBER = re.compile(r"[-−+]?[\d,.]+ ?%?$|\d{4}-\d\d-\d\d$")


def read(text: str) -> nbformat.NotebookNode:
    """Return the notebook stored in `text` as myst-nb should render it.

    Of each output only its HTML is kept, where it has some. Code that JupyterLab hides is folded.
    """
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata.setdefault("tags", []).append("hide-input")
        for output in cell.outputs:
            if html := output.get("data", {}).get("text/html"):
                output.data = {"text/html": static_html(html)}
        cell.outputs = _in_frames(cell.outputs)
    return notebook


def static_html(html: str) -> str:
    """Return the HTML of an output as it should stand on a page that does not change.

    Scripts, style sheets of pandas and announcements for screen readers go. Tables get the scopes
    of their headings and a frame that scrolls.
    """
    soup = BeautifulSoup(html, "html.parser")
    for each in soup.find_all(["script", "style"]):
        each.decompose()
    for each in soup.select("[aria-live], [role=status]"):
        del each["aria-live"], each["role"]
    for table in soup.find_all("table"):
        _fix_table(table)
        heads = [cell.get_text(" ", strip=True) for cell in table.select("thead th")]
        name = f"Table: {', '.join(heads)}" if heads else "Table"
        frame = {"class": "belgrade-wide", "tabindex": "0", "role": "group", "aria-label": name}
        table.wrap(soup.new_tag("div", attrs=frame))
    return str(soup)


def _fix_table(table: Tag) -> None:
    """Give a table's headings their scope; an empty one, as pandas leaves it, becomes a cell."""
    del table["border"]
    for cell in table.select("thead th"):
        cell["scope"] = "col"
    for cell in table.select("tbody th"):
        cell["scope"] = "row"
    for cell in table.select("th"):
        if not cell.get_text(strip=True):
            cell.name = "td"
            del cell["scope"]
    for cell in table.select("td, tbody th"):
        if DATE_OR_NUMBER.match(cell.get_text(strip=True)):
            cell["class"] = "belgrade-whole"
    for row in table.select("tr[style]"):
        del row["style"]


def _in_frames(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join the two outputs of an explorer, its controls' stand-in and its picture, in one frame."""
    framed: list[nbformat.NotebookNode] = []
    explorer = None
    for output in outputs:
        html = output.get("data", {}).get("text/html", "")
        if explorer is not None:
            explorer.append(BeautifulSoup(html, "html.parser"))
            framed[-1].data["text/html"] = str(explorer)
            explorer = None
            continue
        framed.append(output)
        soup = BeautifulSoup(html, "html.parser")
        if controls := soup.select_one("[data-explorer]"):
            data = {name: str(controls.attrs.pop(name)) for name in ("data-explorer", "data-start")}
            explorer = soup.new_tag("div", attrs={"class": "belgrade-explorer", **data})
            explorer.append(soup)
    return framed
