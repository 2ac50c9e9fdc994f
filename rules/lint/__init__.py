"""The linter of rule documents."""

from rules.lint.case import Case
from rules.lint.finding import Finding, FindingCode, Review, Severity, Witness
from rules.lint.linter import findings, review

__all__ = ["Case", "Finding", "FindingCode", "Review", "Severity", "Witness", "findings", "review"]
