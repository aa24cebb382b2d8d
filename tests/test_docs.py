"""The guides keep true: commands parse, links resolve, what they say of lessons and data holds."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from guides import DOCS, NUMBERS, ROOT, notebook, points, rows, section, text

import belgrade
from belgrade import cli, data
from belgrade.publishing import release

STUDENT_README = ROOT / "belgrade" / "publishing" / "student_tree" / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md")), STUDENT_README]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- commands --------------------------------------------------------------------------------


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield each command of ours in a page, and whether it stands in a sentence.

    A sentence may leave out what a line to type must have: `belgrade grade --out GRADES`.
    """
    markdown = page.read_text(encoding="utf-8")
    start = r"(?:\.venv/bin/)?(?:belgrade|(?:python3?|uv run) run\.py)"
    for line in re.findall(rf"^(?: {{4,}}|)({start}(?: .*)?)$", markdown, re.M):
        yield line.split("  #")[0], False
    for span in re.findall(rf"`({start}(?: [^`]*)?)`", markdown):
        yield span.removesuffix(" …"), True


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_is_one_that_the_program_takes(page: Path, capsys) -> None:
    subcommands = cli._parser()._subparsers._group_actions[0].choices
    for command, in_sentence in commands(page):
        words = shlex.split(command)[1:]
        if "run.py" in command:
            words = words[words.index("run.py") + 1 :]
            assert not words or words[0] in {"test", "--no-browser", "--port"}, command
            continue
        if in_sentence and not words:
            continue
        try:
            cli._parser().parse_args(words)
        except SystemExit:
            error = capsys.readouterr().err
            if not in_sentence or not re.search("are required|expected .*argument", error):
                pytest.fail(f"{command}\n{error}")
            options = {word for word in words if word.startswith("--")}
            assert options <= set(subcommands[words[0]]._option_string_actions), command


# --- links -----------------------------------------------------------------------------------


def anchors(markdown: str) -> set[str]:
    """Return the anchors that GitHub makes of headings."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", markdown, flags=re.S | re.M), re.M)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)|[*`]", r"\1", head).strip().lower() for head in heads]
    return {re.sub(r"[^\w\- ]", "", head).replace(" ", "-") for head in plain}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "data" / "README.md"], ids=name)
def test_every_relative_link_and_anchor_leads_somewhere(page: Path) -> None:
    markdown = page.read_text(encoding="utf-8")
    home = ROOT if page == STUDENT_README else page.parent
    for target in re.findall(r"\]\(([^)\s]+)\)", markdown):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (home / path).resolve() if path else page
        assert file.exists(), f"{target}: no such file"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{target}: no such heading"


def test_the_students_page_links_to_nothing_that_they_do_not_get() -> None:
    given = {path.removeprefix("docs/") for path in release.COPIED}
    links = re.findall(r"\]\(([^)\s]+)\)", text("student-guide.md") + text("phrasebook.md"))
    assert {link for link in links if not link.startswith(("http", "#"))} <= given


def test_each_guide_is_reached_from_the_readme_or_the_page_on_running_it() -> None:
    index = (ROOT / "README.md").read_text(encoding="utf-8") + text("run.md")
    index += (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert {page.name for page in DOCS.glob("*.md") if page.name not in index} == set()


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))], ids=name
)
def test_files_of_ours_that_a_page_names_are_there(page: Path) -> None:
    markdown = page.read_text(encoding="utf-8")
    folders = "belgrade|data|docs|exercises|jupyter|notebooks|tests"
    named = re.findall(rf"(?<![\w./\\])(?:{folders})/[\w./-]*\w", markdown)
    home = ROOT / "belgrade" / "publishing" / "student_tree" if page == STUDENT_README else ROOT
    missing = {path for path in named if not ((home / path).exists() or (ROOT / path).exists())}
    assert missing == set()
    ours = {path.name for folder in folders.split("|") for path in (ROOT / folder).rglob("*.py")}
    ours |= {"run.py", "NN_cases.py"}  # NN is any lesson's number
    assert set(re.findall(r"`(?:\w+/)*(\w+\.py)`", markdown)) - ours == set()


# --- names of claims, points, tables ---------------------------------------------------------


@cache
def package() -> list[dict]:
    return json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))["resources"]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=name)
def test_claims_points_figures_and_tables_that_are_named_exist(page: Path) -> None:
    markdown = page.read_text(encoding="utf-8")
    known = set(data.load("claims")["claim_id"]) | set(data.load("figures")["figure_id"])
    known |= set(data.load("argument")["node_id"])
    named = set(re.findall(r"\b(?:[CF]\d{3}|G\d(?:\.\d+)*)\b", markdown))
    assert named - known == set()
    tables = set(re.findall(r"tables? `([a-z0-9_]+)`", markdown))
    tables |= set(re.findall(r"data\.(?:load|describe|cite)\(\"(\w+)\"\)", markdown))
    assert tables - {resource["name"] for resource in package()} == set()


# --- lessons ---------------------------------------------------------------------------------


def head(number: str) -> str:
    return notebook("notebooks", number).cells[0].source


def title(number: str) -> str:
    return re.match(r"# (.*)", head(number))[1]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_lesson_has_questions_with_points_mistakes_and_works_to_read(number: str) -> None:
    plan = section("teach.md", f"### {title(number)}")
    asked = re.findall(r"^\d\. .*[?.]\n   \*Draw out:\* .+$", plan, re.M)
    assert len(asked) == len(re.findall(r"^\d\. ", plan, re.M)) >= 3
    assert len(rows(plan)) >= 4
    works = re.findall(r"^- (.*)$", plan.partition("**Read.**")[2], re.M)
    assert len(works) >= 2
    for work in works:
        assert re.search(r"\b(?:19|20)\d\d\b|\(lesson \d\d\)", work), work


def quoted_in(markdown: str) -> set[float]:
    """Return the numbers in a text, those of claims and the like apart."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", markdown)
    return set(map(float, re.findall(r"(?<![\w.])\d+(?:\.\d+)?", plain)))


@cache
def said_in(number: str) -> set[float]:
    """Return every number that a lesson says, in its text and its outputs."""
    words = []
    for cell in notebook("notebooks", number).cells:
        words.append(cell.source if cell.cell_type == "markdown" else "")
        for output in cell.get("outputs", []):
            words += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
    return quoted_in("\n".join(words))


@pytest.mark.parametrize("number", NUMBERS)
def test_figures_in_the_plan_of_a_lesson_are_its_own(number: str) -> None:
    for row in rows(section("teach.md", f"### {title(number)}")):
        assert quoted_in(" ".join(row)) - said_in(number) == set(), row


def test_lessons_and_parts_that_the_plans_name_are_there() -> None:
    cells = [cell for n in NUMBERS for cell in notebook("notebooks", n).cells]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    everything = "".join(cell.source for cell in cells)
    everything += "".join(output.get("data", {}).get("text/plain", "") for output in outputs)
    plans = section("teach.md", "## Plans") + section("teach.md", "## Lesson by lesson")
    plans = re.sub(r"\*\*Read\.\*\*\n\n(?:- .*\n)+", "", plans)
    for part in re.findall(r"(?<!\*)\*([A-Z][^*\n]+[?.]?)\*(?!\*)", plans):
        assert part in everything or part in {"Draw out:", "Most", "Sensitive points"}, part


def test_the_plans_hold_every_lesson_and_fill_their_minutes() -> None:
    page = "teach.md"
    for heading in ("### One class of 90 minutes", "### Nine weeks of 90 minutes"):
        table = re.search(r"\| minutes \|.*?(?:\n\n|\Z)", section(page, heading), re.S)[0]
        assert sum(int(row[0]) for row in rows(table)) == 90, heading
    for heading, column in (("### Five weeks", 1), ("### Nine weeks", 1)):
        table = section(page, heading)
        weeks = [row for row in rows(table) if re.fullmatch(r"[1-9]", row[0])]
        assert [row[0] for row in weeks] == [str(week + 1) for week in range(len(weeks))]
        assert len(weeks) == {"### Five weeks": 5, "### Nine weeks": 9}[heading]
        taught = re.findall(r"\b\d\d\b", " ".join(row[column] for row in weeks))
        assert sorted(taught) == NUMBERS


def test_what_the_guide_says_of_lessons_and_points_holds() -> None:
    guide = text("teach.md")
    assert [row[0] for row in rows(section("teach.md", "## Who it is for"))] == NUMBERS
    totals = [sum(points(number).values()) for number in NUMBERS]
    assert f"An exercise has {min(totals)} to {max(totals)} points" in guide


# --- sources and limits ----------------------------------------------------------------------


def test_counts_of_sources_and_classes() -> None:
    page = "sources-and-limits.md"
    part = section(page, "## How the sources were read")
    sources = data.load("sources")
    assert f"There are {len(sources)} of them" in part
    counted = {row[0].strip("`"): int(row[1]) for row in rows(part)}
    classes = [resource["x_class"] for resource in package()]
    wanted = sources["how_read"].value_counts().to_dict()
    assert counted == wanted | {kind: classes.count(kind) for kind in set(classes)}


def test_each_table_stands_under_its_terms() -> None:
    kinds = {"credit the owner": {"other-attribution"}, "no commercial use": {"other-nc"}}
    kinds |= {"small extract": {"other-restricted"}, "share alike": {"CC-BY-SA-4.0"}}
    kinds |= {"public domain": {"CC0-1.0", "other-pd"}, "CC BY 4.0": {"CC-BY-4.0"}}
    licence = {resource["name"]: resource["licenses"][0]["name"] for resource in package()}
    found = {}
    for terms, tables in rows(section("sources-and-limits.md", "## Licences")):
        (kind,) = [kind for kind in kinds if terms.strip("*").startswith(kind)]
        wanted = {table for table, its in licence.items() if its in kinds[kind]}
        named = set(re.findall(r"`(\w+)`", tables))
        assert named == wanted or tables == f"all others ({len(wanted)})", terms
        found[kind] = wanted
    assert set().union(*found.values()) == set(licence)


def test_contested_figures_and_gaps_are_those_of_lessons_and_tables() -> None:
    page = "sources-and-limits.md"
    for row in rows(section(page, "## What is contested")):
        if row[2] in NUMBERS:
            assert quoted_in(row[1]) - said_in(row[2]) == set(), row
    crowd = data.load("contested_figures").query("topic_id == 'crowd_putin_2019'")
    low, high = crowd["value_low"].min(), crowd["value_high"].max()
    assert f"{low:,.0f} to {high:,.0f}" in text(page)
    outcomes = data.load("forecast_outcomes")
    decided = outcomes[outcomes["outcome"] != "undecided"]
    disputable = (decided["clarity"] == "disputable").sum()
    assert (
        f"Of {len(outcomes)} forecasts {len(decided)} are decided, {disputable} of these"
        in text(page)
    )
    polls = data.load("opinion_polls").drop_duplicates("poll_id")
    assert f"{polls['sample_size'].isna().sum()} of {len(polls)} polls" in text(page)


# --- files beside the guides -----------------------------------------------------------------


def test_the_citation_names_this_version_and_the_report() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "version", "license"} <= set(cited)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["version"], cited["license"]) == (belgrade.__version__, project["license"])
    (report,) = cited["references"]
    source = data.load("sources").set_index("source_id").loc["vuksanovic_2020"]
    assert (report["title"], report["url"]) == (source["title"], source["url"])
    assert (report["year"], report["institution"]["name"]) == (2020, source["publisher"])


def test_the_dev_container_has_what_the_sandbox_needs() -> None:
    path = ROOT / ".devcontainer" / "devcontainer.json"
    container = json.loads(path.read_text(encoding="utf-8"))
    assert re.search(r"python:(\d+-)?3\.1[1-5]-", container["image"])
    assert container["remoteUser"] != "root"
    for option in ("seccomp", "apparmor", "systempaths"):
        assert f"--security-opt={option}=unconfined" in container["runArgs"]
    assert "bubblewrap" in container["onCreateCommand"]
    # It is for grading, and not only for lessons.
    assert container["postCreateCommand"].endswith("pip install -r requirements.txt -e '.[grade]'")


def test_every_line_of_the_phrasebook_runs() -> None:
    page = (DOCS / "phrasebook.md").read_text(encoding="utf-8")
    space: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, space)
    lines = [
        line
        for row in re.findall(r"^\| [^|`]+ \| (`.*) \|$", page, re.MULTILINE)
        for line in re.findall(r"`([^`]+)`", row.replace("\\|", "|"))
        if line.startswith(("df", "people", "both", "len"))
    ]
    assert len(lines) > 25
    for line in lines:
        eval(line, space)


def test_the_design_is_two_pages_with_three_walks_of_six_steps_through_files_that_are_there() -> (
    None
):
    page = (DOCS / "design.md").read_text(encoding="utf-8")
    assert len(page.split()) <= 1100
    walks = [re.findall(r"^\d\. \*\*", part, re.MULTILINE) for part in page.split("\n## ")[1:4]]
    assert [len(steps) for steps in walks] == [6, 6, 6]
    picture = (DOCS / "design.svg").read_text(encoding="utf-8")
    assert "<title" in picture and "<desc" in picture
    named = re.findall(r"[\w/]+\.(?:py|js)\b", page + re.sub(r"<desc.*?</desc>", "", picture))
    for file in {*named}:
        assert list((ROOT / "belgrade").rglob(file.split("/")[-1])), file
    for folder in {*re.findall(r"[\w/]+/(?=`|,|<)", page)}:
        assert (ROOT / folder).is_dir() or (ROOT / "belgrade" / folder).is_dir(), folder
