"""The dissertation's numbers as data, and verdicts on them."""

from promic_nb.claims.registry import Claim, judge, load_claims, verdicts

__all__ = ["Claim", "judge", "load_claims", "verdicts"]
