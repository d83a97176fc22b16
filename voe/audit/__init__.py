"""Can the clips of a set be told apart without physics? Detectors that know none, and checks of structure.

Marginal detectors (single frames, context or outcome alone, motion, brightness, files, codec noise) must be
at chance; one that is not is a shortcut. Relational detectors that know no objects are each concept's lean
account, reported beside the models. Nothing but the command line imports this package.
"""

from __future__ import annotations

from voe.audit.findings import AuditReport, Best, Check, FirstDifference, LeanAccount, Marginal
from voe.audit.run import audit

__all__ = ["AuditReport", "Best", "Check", "FirstDifference", "LeanAccount", "Marginal", "audit"]
