"""What to tell a student whose code stopped, in words that are not Python's.

Most of it stands in the table of `belgrade.errors`, which the notebook itself shows. Here an error
is only a text ("KeyError: 'donor'"), and the names that there were are not known.
"""

import builtins
import re

from belgrade.checks.judge.texts import plain
from belgrade.errors import looked_up

# What the table leaves to a look at the student's names, or what ends code only when it is checked.
ERRORS = [
    (r"^KeyError: (.+)", "There is no column or row named {0}. Check the spelling, capitals too."),
    (r"^TypeError: '(?:\w+)' object is not callable", "Round brackets follow something that is not "
     "a function. Columns take square ones; or was a function's name given to something else?"),
    (r"^TypeError: .*?takes (?:from \d+ to )?(\d+) positional arguments? but (\d+)",
     "The function was given more or fewer inputs ({1}) than it takes ({0}): keep its first line "
     "as it was."),
    (r"^AttributeError: (?!.*NoneType)(.+)", "Python does not know this ending ({0}). Check the "
     "spelling of what stands after the dot."),
    (r"^TypeError: .*missing \d+ required positional arguments?: (.+)", "A function was called "
     "without {0}: it needs a value for that."),
    (r"^SyntaxError: .*you meant ['\"]==['\"]", "Python could not read it. A comparison needs two "
     "equals signs: == asks whether two things are equal, and = gives a thing its name."),
    (r"^SyntaxError: leading zeros", "A number begins with 0. If that is the part behind a decimal "
     "comma, write a point: 0.05, not 0,05."),
    (r"^SyntaxError: 'await' outside", "await stands where it cannot; no question needs it."),
    (r"^Unicode(?:Decode|Encode)Error", "A file holds letters that Python read in another "
     "encoding: take the tables with data.load(…), or open the file with encoding=\"utf-8\"."),
    (r"^(?:FileNotFoundError|PermissionError): .*?['\"](.+)['\"]", "The file {0} cannot be had "
     "here: take the tables with data.load(…)."),
    (r"^ModuleNotFoundError: (.+)", "{0}: the checks run where only this module's packages are."),
    (r"^StdinNotImplementedError", "input() cannot ask anybody here: write the value into the "
     "code."),
]  # fmt: skip


def stopped(error, spec=None):
    """Return what to tell a student whose code ended with `error` ("NameError: …")."""
    error = error[:2000]
    if late := re.fullmatch(r"TimeoutError: (longer than [\d.]+ s(?: in all)?)", error):
        return f"Your code ran {late[1]} and was stopped: is there a loop without end?"
    if error.endswith("while the answer was read"):
        return "This answer cannot be read: give a number, a text, a list, a table or a chart."
    if error == "the kernel died":
        return "Your code ended the kernel: take out exit(), quit() or what uses all memory."
    if name := re.match(r"NameError: name '(.+?)' is not defined", error):
        if plain(name[1]) in map(plain, (spec or {}).get("options", [])):
            return f'A letter needs quotation marks: write "{name[1]}", not {name[1]}.'
        return _no_name(name[1])
    words = reason(error)
    return words if words.startswith("Your code stopped") else f"Your code stopped. {words}"


def reason(error):
    """Return why code stopped with `error`, and what to look for, in a sentence or two."""
    error = error[:2000]
    if name := re.match(r"NameError: name '(.+?)' is not defined", error):
        return _no_name(name[1])
    kind, _, text = error.partition(": ")
    found = getattr(builtins, kind, None)
    kinds = [k.__name__ for k in found.__mro__] if isinstance(found, type) else [kind]
    words = _own(error) or looked_up(kinds, " ".join(text.split()))
    if words is None:
        return f"Your code stopped with {error.rstrip('.: ')}."
    unread = "Python could not read it. " * ("SyntaxError" in kinds)
    return unread + " ".join(filter(None, words))


def _own(error):
    for pattern, words in ERRORS:
        if hit := re.match(pattern, error, re.DOTALL):
            return (words.format(*hit.groups()),)
    return None


def _no_name(name):
    return (
        f"There is no {name} yet. Check its spelling, run the cells from the top, and keep "
        "the names that the question asks for."
    )
