"""Difference-in-differences: the change in one group less the change in another.

The classic example is Card and Krueger, "Minimum Wages and Employment", American Economic Review 84
(1994), 772-793. The estimate is an effect of the event only if both groups would have changed alike
without it (parallel trends): Angrist and Pischke, *Mostly Harmless Econometrics* (Princeton
University Press, 2009), chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DifferenceInDifferences:
    """Four averages, in any one unit, and what follows from them in the same unit."""

    treated_before: float
    treated_after: float
    control_before: float
    control_after: float

    @property
    def treated_change(self) -> float:
        """After less before, in the group that the event concerns."""
        return self.treated_after - self.treated_before

    @property
    def control_change(self) -> float:
        """After less before, in the group of comparison."""
        return self.control_after - self.control_before

    @property
    def counterfactual(self) -> float:
        """Where the treated group would be now, had it changed as the controls did."""
        return self.treated_before + self.control_change

    @property
    def estimate(self) -> float:
        """The difference in differences: the change of the treated less that of the controls."""
        return self.treated_change - self.control_change
