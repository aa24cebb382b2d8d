"""What to tell a student whose code stopped, in words that are not Python's."""

import re

from belgrade.checks.judge.texts import plain

# The errors that beginners meet most, by how they begin or what they say, and the next step.
ERRORS = [
    (r"^KeyError: (.+)", "There is no column or row named {0}. Check the spelling, capitals too."),
    (r"^(?:IndentationError|TabError)", "Python could not read your code: the lines that belong "
     "together must begin at the same place, with four spaces under a line that ends in a colon."),
    (r"^SyntaxError: .*you meant ['\"]==['\"]", "A comparison needs two equals "
     "signs: == asks whether two things are equal, and = gives a thing its name."),
    (r"^SyntaxError: invalid non-printable character", "Python could not read your code: a "
     "no-break space or another invisible character stands in it, as copied from a page or a "
     "text. Type that line's spaces again."),
    (r"^SyntaxError: invalid character '([“”„‘’«»])'", "Python could not read your code: {0} is a "
     "typographic quotation mark, as a word processor makes it. Type \" or ' in its place."),
    (r"^SyntaxError: invalid character '(.+?)' \((U\+\w+)\)", "Python could not read your code: "
     "it has the character {0} ({1}) outside of a text. Type it anew on an English keyboard."),
    (r"^SyntaxError: leading zeros", "Python could not read your code: a number begins with 0. "
     "If that is the part behind a decimal comma, write a point: 0.05, not 0,05."),
    (r"^SyntaxError: 'await' outside", "Python could not read your code: await stands where it "
     "cannot; no question needs it."),
    (r"^SyntaxError: '(?:return|yield)' outside", "Python could not read your code: return stands "
     "outside of a function. Indent it by four spaces, under the line that begins with def."),
    (r"^SyntaxError: (.+?)\.?(?: \([^()]*line (\d+)\))?$", "Python could not read your code "
     "({0}). Look for a missing bracket, quotation mark, comma or colon."),
    (r"^ValueError: The truth value of a", "Join two conditions with & (not with and), and put "
     "round brackets about each of them."),
    (r"^ValueError: can only convert an array of size 1", ".item() takes the value out of one row "
     "only: look at how many rows are left, and narrow them down to one."),
    (r"^ValueError: (?:could not convert string to float|invalid literal for int).*?: (.+)",
     "{0} cannot be read as a number. Decimals have a point, and no unit."),
    (r"^ValueError: x and y must have same first dimension", "What is drawn across and what is "
     "drawn upwards have different numbers of values: take both from the same rows."),
    (r"^TypeError: .*(?:'rand_'|'ror_'|for &|for \|)", "Put round brackets about each of the "
     "conditions that you join with &."),
    (r"^TypeError: '(\w+)' object is not callable", "Round brackets call a function, and here "
     "they follow a thing of type {0}. Columns take square brackets; and was a function's name "
     "given to something else?"),
    (r"^TypeError: '(?:method|function|builtin_function_or_method)' object is not subscriptable",
     "A function takes round brackets, not square ones."),
    (r"^(?:TypeError|AttributeError): 'NoneType' object", "Something is None where a value is "
     "needed: did the line before print or change a thing, where it should return one?"),
    (r"^TypeError: .*takes (\w+ )?(?:from \d+ to )?(\d+) positional arguments? but (\d+)",
     "The function was given more or fewer inputs ({2}) than it takes ({1}): keep its first "
     "line as it was."),
    (r"^TypeError: .*missing (\d+) required positional arguments?: (.+)", "A function was called "
     "without {1}: it needs a value for that."),
    (r"^TypeError: (?:unsupported operand type|can only concatenate|must be str|'[<>]=?' not "
     r"supported).*?'?(\w+)'? and '?(\w+)'?", "A calculation or comparison joins things that do "
     "not fit, of types {0} and {1}: is one of them a text in quotes, or not yet a number?"),
    (r"^TypeError: (?:unsupported operand|can only concatenate|must be str|bad operand)",
     "A calculation joins things that do not fit: is one of them a text in quotes?"),
    (r"^AttributeError: (.+)", "Python does not know this ending ({0}). Check the spelling of "
     "what stands after the dot."),
    (r"^UnboundLocalError: .*local variable '(\w+)'", "The function uses {0} before it has a "
     "value: give it one first, on every path, also where an if is not true."),
    (r"^Unicode(?:Decode|Encode)Error", "A file holds letters that Python read in another "
     "encoding: take the tables with data.load(…), or open the file with encoding=\"utf-8\"."),
    (r"^ZeroDivisionError", "Something is divided by 0: treat that case first, with if."),
    (r"^IndexError", "You take a row or a value that is not there: there are fewer, or none. "
     "Look at what the filter left."),
    (r"^RecursionError", "A function calls itself without end: when should it stop?"),
    (r"^MemoryError", "Your code needs more memory than there is: narrow the tables down first."),
    (r"^FileNotFoundError: .*?['\"](.+)['\"]", "There is no file {0} here: take the tables with "
     "data.load(…)."),
    (r"^(?:FileNotFoundError|PermissionError)", "A file cannot be had here: take the tables with "
     "data.load(…)."),
    (r"^ModuleNotFoundError: (.+)", "{0}: the checks run where only this module's packages are."),
    (r"^ImportError: cannot import name '(\w+)'", "There is no {0} to import: check its spelling."),
    (r"^StdinNotImplementedError", "input() cannot ask anybody here: write the value into the "
     "code."),
]  # fmt: skip


def stopped(error, spec=None):
    """Return what to tell a student whose code ended with `error` ("NameError: …")."""
    error = error[:2000]
    if late := re.fullmatch(r"TimeoutError: (longer than [\d.]+ s(?: in all)?)", error):
        return f"Your code ran {late[1]} and was stopped: is there a loop without end?"
    if error == "the kernel died":
        return "Your code ended the kernel: take out exit(), quit() or what uses all memory."
    if name := re.match(r"NameError: name '(.+?)' is not defined", error):
        if plain(name[1]) in map(plain, (spec or {}).get("options", [])):
            return f'A letter needs quotation marks: write "{name[1]}", not {name[1]}.'
        return _no_name(name[1])
    words = reason(error)
    return words if words.startswith("Your code stopped") else f"Your code stopped. {words}"


def reason(error):
    """Return why code stopped with `error`, as a sentence that says what to look for."""
    if name := re.match(r"NameError: name '(.+?)' is not defined", error):
        return _no_name(name[1])
    for pattern, words in ERRORS:
        if hit := re.match(pattern, error[:2000], re.DOTALL):
            return words.format(*hit.groups())
    return f"Your code stopped with {error[:2000].rstrip('.: ')}."


def _no_name(name):
    return (
        f"There is no {name} yet. Check its spelling, run the cells from the top, and keep "
        "the names that the question asks for."
    )
