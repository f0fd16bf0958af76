"""What part of the response a section is: a phase, a scenario, a part of one, a condition.

Titles are all we have, so the words teams use for them stand here, in one place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from fireline.core.runbook.model import Phase
from fireline.core.runbook.tree import Section

Part = Literal["symptoms", "impact", "diagnosis", "resolution"]
Stage = Literal["detect", "declare", "investigate", "mitigate", "communicate", "resolve", "learn"]

PARTS: tuple[tuple[Part, re.Pattern[str]], ...] = (
    (
        "symptoms",
        re.compile(
            r"^(?:symptoms?|meaning|description|what (?:it|this) means|what you (?:will )?see)\b", re.IGNORECASE
        ),
    ),
    ("impact", re.compile(r"^(?:potential )?(?:customer |user |business )?impact\b", re.IGNORECASE)),
    (
        "diagnosis",
        re.compile(r"\b(?:diagnos\w+|investigat\w+|troubleshoot\w*|triage)\b|^(?:quick )?checks?$", re.IGNORECASE),
    ),
    (
        "resolution",
        re.compile(
            r"^(?:possible |suggested |recommended |immediate )?(?:resolutions?|mitigations?|remediations?"
            r"|solutions?|fix(?:es)?|actions|recovery|resolve|mitigate|remediate|workarounds?)\b(?! checklist)",
            re.IGNORECASE,
        ),
    ),
)
STAGES: tuple[tuple[Stage, re.Pattern[str]], ...] = (
    (
        "learn",
        re.compile(
            r"\bpost[- ]?(?:incident|mortem)|\blearn|\breview|\bretrospective|\bfollow[- ]?up|\bafter", re.IGNORECASE
        ),
    ),
    ("detect", re.compile(r"\bdetect|\balert|\btriage|\bidentif", re.IGNORECASE)),
    ("declare", re.compile(r"\bdeclar|\bassembl|\bescalat|\bopen", re.IGNORECASE)),
    ("investigate", re.compile(r"\binvestigat|\bdiagnos|\bassess|\banaly", re.IGNORECASE)),
    ("mitigate", re.compile(r"\bmitigat|\bcontain|\bremediat|\beradicat|\bstabili", re.IGNORECASE)),
    ("communicate", re.compile(r"\bcommunicat|\binform|\bnotif", re.IGNORECASE)),
    ("resolve", re.compile(r"\bresol|\brecover|\bclos|\bverif|\brestor", re.IGNORECASE)),
)
NUMBERED = re.compile(
    r"^(?:(?:phase|step|stage)\s+)?(?P<number>\d{1,2})(?:[.):]|\s+[-–—])\s*(?P<title>\S.*)$", re.IGNORECASE
)
CONDITION = re.compile(r"^(?:if|when|in case(?: of)?)\s+\S", re.IGNORECASE)
FEWEST_PHASES = 3
ABOUT_ONE = re.compile(r"^(?:play|run)book\s*[:–—-]\s*\S", re.IGNORECASE)  # "Playbook: Ransomware" is one scenario


def part_of(title: str) -> Part | None:
    """Give the part of a scenario a title names, None for none."""
    title = NUMBERED.sub(lambda m: m["title"], title)
    return next((part for part, words in PARTS if words.search(title)), None)


def stage_of(title: str) -> Stage | None:
    """Give the stage of the response a title names, None for none."""
    return next((stage for stage, words in STAGES if words.search(title)), None)


def condition_of(title: str) -> str | None:
    """Give the title itself, such as "If Recent Deployment", when it states a condition; None otherwise."""
    title = title.rstrip(":").strip()
    return title if CONDITION.match(title) else None


@dataclass(slots=True)
class Structure:
    """Which sections are phases and scenarios, found once for a page."""

    root: Section
    phases: dict[Section, Phase] = field(default_factory=dict)
    scenarios: dict[Section, str] = field(default_factory=dict)

    def phase(self, section: Section) -> Phase | None:
        """The phase a section stands in."""
        return next((self.phases[s] for s in section.above() if s in self.phases), None)

    def scenario(self, section: Section) -> Section | None:
        """The scenario a section stands in."""
        return next((s for s in section.above() if s in self.scenarios), None)

    def part(self, section: Section) -> Part | None:
        """The part of its scenario a section stands in; the outermost titled part decides."""
        found: Part | None = None
        for s in section.above():
            if s in self.scenarios:
                return found
            found = part_of(s.title) or found
        return None

    def condition(self, section: Section) -> Section | None:
        """The "If ..." a section stands under."""
        return next((s for s in section.above() if condition_of(s.title)), None)


def structure_of(root: Section, name: str, *, about_alert: bool = False) -> Structure:
    """Find phases, then scenarios among the rest; `name` is the title of a page that has no heading of its own.

    With `about_alert` a page without either is one scenario as a whole, however it is divided.
    """
    found = Structure(root)
    for section in root.walk():
        if not found.phases:
            found.phases = _phases(section)
    for section in root.walk():
        if found.scenario(section) is None and found.phase(section) is None and _is_scenario(section, found):
            found.scenarios[section] = section.title or name
    if about_alert and not found.phases and not found.scenarios:
        whole = next((s for s in root.parts if s.level == 1), root)
        found.scenarios[whole] = whole.title or name
    return found


def _phases(parent: Section) -> dict[Section, Phase]:
    headed = [s for s in parent.parts if not s.lead]
    if ABOUT_ONE.match(parent.title):
        return {}
    numbered = [(s, m) for s in headed if (m := NUMBERED.match(s.title))]
    stages = {stage_of(s.title) for s in headed} - {None}
    if len(stages) < FEWEST_PHASES:
        return {}
    if len(numbered) >= FEWEST_PHASES:
        return {s: Phase(number=int(m["number"]), title=m["title"], line=s.line) for s, m in numbered}
    if {"symptoms", "impact"} & {part_of(s.title) for s in headed}:
        return {}  # an alert runbook that happens to have many parts
    staged = [s for s in headed if stage_of(s.title)]
    return {s: Phase(number=n, title=s.title, line=s.line) for n, s in enumerate(staged, 1)}


def _is_scenario(section: Section, found: Structure) -> bool:
    if section.lead or any(p in found.phases for p in section.parts):
        return False
    parts = {part_of(p.title) for p in section.parts} - {None}
    return len(parts) > 1 and bool(parts & {"diagnosis", "resolution"})
