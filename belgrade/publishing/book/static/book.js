"use strict";
// From the file system a page cannot read its neighbours to show what was found in them.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
// Paper is white.
{
  const root = document.documentElement;
  const paper = matchMedia("print");
  let before;
  const change = () => {
    if (paper.matches) {
      before = root.dataset.theme;
      root.dataset.theme = "light";
    } else if (before) root.dataset.theme = before;
  };
  paper.addEventListener("change", change);
  addEventListener("load", change);
}
