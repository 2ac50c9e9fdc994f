"""What the linter finds in rule documents, as lines in a shell."""

from cli.documents import Written
from cli.session import console
from domain.clock import SystemClock
from rules.conditions import written as as_written
from rules.eligibility import Eligibility
from rules.lint import Finding, Witness, review


def tell_findings(written: Written) -> None:
    """Tell what a sound document should be looked at for; nothing where nothing is found."""
    name = written.file
    examined = review(written.document, source=written.text, now=SystemClock().now())
    for finding in examined.findings:
        place = f"{name}:{(finding.line or 1) + written.lines_before}:{finding.column or 1}"
        severity = finding.severity.lower()
        told = f"{place}: {severity}: {finding.rule_keys[0]}: {finding.message} [{finding.code}]"
        console.print(told, highlight=False, markup=False, soft_wrap=True)
        if finding.witness is not None:
            shown = f"    {_shown(finding, finding.witness)}"
            console.print(shown, highlight=False, markup=False, soft_wrap=True)
    if not examined.is_complete:
        told = f"{name}: not everything was compared; the document has too many rules that overlap"
        console.print(told, highlight=False, markup=False, soft_wrap=True)


def _shown(finding: Finding, witness: Witness) -> str:
    """The witness in a line: what is known of it and what comes of that."""
    facts = ", ".join(
        f"{each.name} {as_written(each.value)}" for each in witness.facts if each.value is not None
    )
    verdict = witness.verdict
    if isinstance(verdict, Eligibility):
        return f"For example {facts}: {'listed' if verdict.eligible else 'not listed'}"
    took_part = [each.rule_key for each in verdict.rules if each.applied]
    rules = f"after {', '.join(took_part)}" if took_part else "no rule applied"
    held = "" if verdict.publishes_price else f", held: {verdict.reason}"
    moment = f"{witness.case.now:%Y-%m-%d %H:%M} UTC, " if "DATES" in finding.code else ""
    return f"For example {moment}{facts}: {verdict.price_after} {rules}{held}"
