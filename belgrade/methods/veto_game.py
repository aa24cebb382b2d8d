"""A setter proposes, veto players accept or refuse: the spatial model on one line.

The model joins two classics. A setter makes one take-it-or-leave-it proposal against a status quo:
Romer and Rosenthal, "Political Resource Allocation, Controlled Agendas, and the Status Quo", Public
Choice 33 (1978), 27-43. Each veto player must agree before anything changes: Tsebelis, *Veto
Players* (Princeton University Press, 2002), chapter 1.

Assumptions:

1. Settlements lie on one line. A player's loss is the distance from its ideal point.
2. Everybody knows all ideal points, the status quo and the payments.
3. The setter proposes once. If a veto player refuses, the status quo stays.
4. A player who is indifferent accepts.
5. A payment is promised for agreement, whatever the settlement is, and is kept. It is measured in
   the same points as distance. It costs the setter nothing: it comes out of another account.

Positions and payments are points on the line, without another unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LINE = (0.0, 100.0)


@dataclass(frozen=True)
class VetoPlayer:
    """A player whose agreement is needed: its ideal point, and what it is paid for agreeing."""

    ideal: float
    payment: float = 0.0

    def accepts(self, status_quo: float) -> tuple[float, float]:
        """Return the ends of the interval of settlements that it does not refuse.

        It accepts x if |x - ideal| <= |status_quo - ideal| + payment. The interval always holds
        the status quo. Raises `ValueError` for a negative payment.
        """
        if self.payment < 0:
            raise ValueError(f"A payment cannot be negative, and this one is {self.payment}.")
        reach = abs(status_quo - self.ideal) + self.payment
        return self.ideal - reach, self.ideal + reach


def win_set(
    status_quo: float, players: Iterable[VetoPlayer], line: tuple[float, float] = LINE
) -> tuple[float, float]:
    """Return the ends of the win set: the settlements on the line that no veto player refuses.

    It always holds the status quo; both ends are equal to it where nothing else can pass. Raises
    `ValueError` where the status quo is off the line.
    """
    low, high = line
    if not low <= status_quo <= high:
        raise ValueError(f"The status quo, {status_quo}, is not between {low} and {high}.")
    for player in players:
        lower, upper = player.accepts(status_quo)
        low, high = max(low, lower), min(high, upper)
    return low, high


def settlement(
    setter_ideal: float,
    status_quo: float,
    players: Iterable[VetoPlayer],
    line: tuple[float, float] = LINE,
) -> float:
    """Return the outcome in equilibrium: the point of the win set that is nearest to the setter's.

    It is the status quo itself where the setter can get nothing better.
    """
    low, high = win_set(status_quo, players, line)
    return min(max(setter_ideal, low), high)


def asking_price(ideal: float, status_quo: float, outcome: float) -> float:
    """Return the smallest payment for which a player with this ideal point accepts the outcome.

    It is what the outcome costs the player against the status quo, and what it gains by blocking:
    |outcome - ideal| - |status_quo - ideal|, or 0 where the outcome is no worse.
    """
    return max(0.0, abs(outcome - ideal) - abs(status_quo - ideal))
