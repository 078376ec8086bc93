"""The printed results as data, and verdicts on them."""

from promic_nb.claims.judging import VERDICTS, Verdict, judge, verdicts
from promic_nb.claims.loading import load_claims
from promic_nb.claims.models import DOCUMENTS, Claim

__all__ = ["DOCUMENTS", "VERDICTS", "Claim", "Verdict", "judge", "load_claims", "verdicts"]
