"""The published numbers as data, and verdicts on them."""

from promic_nb.claims.judging import judge, verdicts
from promic_nb.claims.loading import load_claims
from promic_nb.claims.models import DOCUMENTS, Claim

__all__ = ["DOCUMENTS", "Claim", "judge", "load_claims", "verdicts"]
