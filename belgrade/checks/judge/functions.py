"""Functions: each input gives what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from belgrade.checks.judge.errors import reason
from belgrade.checks.judge.outcome import (
    CLOSE,
    ERROR,
    NOT_ATTEMPTED,
    NOT_YET,
    RIGHT,
    YES,
    describe,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from belgrade.checks.capture import Captured
    from belgrade.checks.judge.outcome import Outcome
    from belgrade.checks.spec import Spec


def function(
    spec: Spec,
    reference: Captured,
    answer: Captured,
    compare: Callable[[Spec, Captured, Captured], Outcome],
) -> Outcome:
    """Accept a function that returns what is asked for; printing as well is no fault.

    `compare(spec, reference, answer)` judges one result by its kind.
    """
    if answer["type"] != "function":
        return NOT_YET, f"You have {describe(answer)}; give the function itself, without brackets."
    pairs = list(zip(reference["results"], answer["results"], strict=True))
    silent = all(a["type"] == "missing" and not a.get("printed") for _, a in pairs)
    if silent and any(r["type"] != "missing" for r, _ in pairs):
        return NOT_ATTEMPTED, "The function does not return anything yet."
    outcomes = [_result(spec, r, a, compare) for r, a in pairs]
    bad = [i for i, (status, _) in enumerate(outcomes) if status != RIGHT]
    if not bad:
        return YES
    status, message = outcomes[bad[0]]
    slips = {outcomes[i] for i in bad}
    if len(slips) == 1 and status == CLOSE:
        return CLOSE, message
    if all(answer["results"][i]["type"] == "error" for i in bad) and len(bad) == len(pairs):
        status = ERROR
    inputs = spec.get("inputs", [])
    if spec.get("part") or len(inputs) != len(pairs):
        where = ""
    else:
        one = inputs[bad[0]]
        shown = ", ".join(show(a) for a in (one if isinstance(one, list) else [one]))
        where = f" With {shown}:"
    count = f"Right for {len(pairs) - len(bad)} of {len(pairs)} inputs." if len(pairs) > 1 else ""
    return status if status == ERROR else NOT_YET, f"{count}{where} {message}".strip()


def _result(
    spec: Spec,
    reference: Captured,
    answer: Captured,
    compare: Callable[[Spec, Captured, Captured], Outcome],
) -> Outcome:
    if reference["type"] == "error":
        name = reference["error"].split(":")[0]
        if answer["type"] == "error" and answer["error"].split(":")[0] == name:
            return YES
        return NOT_YET, f"an error is expected here; the function gave {describe(answer)}."
    if answer["type"] == "error":
        return NOT_YET, f"the function stops. {reason(answer['error'])}"
    if answer["type"] == "missing":
        if reference["type"] == "missing" and reference["value"] == answer["value"]:
            return YES  # and whatever it printed
        if reference["type"] != "missing":
            return NOT_YET, (
                "the function prints its result instead of returning it: use return."
                if answer.get("printed")
                else "the function returns nothing: is there a return on every path?"
            )
    return compare(spec, reference, answer)
