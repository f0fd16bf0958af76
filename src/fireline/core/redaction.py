"""Redaction: secrets never reach the incident's record.

Whatever a command prints is masked before it is kept: each secret becomes `«masked»`, everything
around it stays as it was. Three rules decide what a secret is: its own shape (an AWS key, a JWT, a
private key block), the name it is given (`password=`, `"api_key":`, `requirepass`), or that it looks
drawn by lot as only keys do (`core/entropy.py`).

Masking is best effort and errs towards hiding; a bare password that nothing names cannot be known.
Every pattern is linear in the text: no unbounded repetition can be tried twice from two places,
which is what the possessive `*+` and the look-behinds are for. Only single characters repeat
possessively: groups that do are matched wrongly by Python before 3.11.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fireline.core.entropy import key_like

MASK = "«masked»"
LONGEST = 16 * 1024  # characters; a PEM block of an RSA 8192 key is 6.4 KiB, nothing known is longer


@dataclass(frozen=True, slots=True)
class Masked:
    """Text that may be kept, and how many secrets were taken out of it."""

    text: str
    count: int


# A secret by its name. Names may have anything in front (`DB_PASSWORD`, `spring.datasource.password`).
_PASSWORD = r"pass(?:word|wd|phrase|code)|(?<=[_-])(?:pass|pwd)"  # noqa: S105  # a pattern, not a password
_TOKEN = (
    r"secret|token|(?:api|access|private|secret|signing|encryption|account)[_-]?key"  # noqa: S105
    r"|(?:routing|integration|service)[_-]?key"  # PagerDuty Events API v1 and v2 name their keys so
    r"|secret[_-]?id"  # Vault AppRole
)
# `Pwd=` of a connection string, not the shell's PWD=/srv
_PWD = r"""\bpwd(?=["']?[ ]?[:=][ ]?["']?[^/~\s])"""  # noqa: S105
_NAME = rf"(?:(?P<p>{_PASSWORD}|{_PWD})|{_TOKEN})(?:_?(?:base64|b64|base|hash))?"
_NAME_ENDS = re.compile(rf"(?i)(?:{_PASSWORD}|{_TOKEN})(?:_?(?:base64|b64|base|hash))?\Z")
_PASSWORD_ENDS = re.compile(rf"(?i)(?:{_PASSWORD}|secret)\Z")

# Values that hide nothing: the mark of a YAML block, a switch, stars, a reference to a variable, a placeholder,
# `kubectl describe secret`'s "16 bytes". Matched where the value starts.
_HIDES_NOTHING = re.compile(
    r"""(?x)
    (?:[|>][-+0-9]{0,2} | (?i:true|false|null|nil|none|yes|no|on|off|required|optional) | [*•]+ | [xX]{3,}
     | \d+\ bytes | \$\{[^}\s]{1,80}\} | \$\([^)\s]{1,80}\) | \$[A-Z_][A-Z0-9_]*+
     | \{\{[^}\n]{1,80}\}\} | <[^<>\n]{1,200}> | )
    (?:[\s"'\\,;&)}\]]|\Z)""",
)

# The last group that matched is the value. `d`, `q` and `j` are "…", '…' and \"…\" (JSON inside JSON);
# a bare value ends at white space, or at punctuation that something like `, user=` follows.
_QUOTED = r"""\\"(?P<j>(?:[^"\\\n]|\\[^"])*)|"(?P<d>(?:[^"\\\n]|\\.)*)|'(?P<q>[^'\n]*+)"""
_END = r"""(?=\s|\Z|["'\w.%-]{1,40}["']?[ ]?[:=])"""
_BARE = rf"""(?P<b>(?:[^\s"'\\&,;)}}\]]|\\(?!["'])|[&,;)}}\]](?!{_END}))+)"""
_VALUE = rf"(?:{_QUOTED}|(?![=>]){_BARE})"

_PAIR = re.compile(rf"""(?i)(?:{_NAME})(?:\\?["'])?[ \t]{{0,20}}(?P<is>=>|:=|[:=])[ \t]{{0,20}}{_VALUE}""")

_NAMED = (
    # NAME=the rest of the line, as `env` and .env files write it
    re.compile(r"(?m)^[ \t]*+(?:export +|declare -x +)?(?P<k>[A-Z][A-Z0-9_]*+)=(?P<v>[^\s\"'][^\r\n]*+)"),
    # a Kubernetes container's env list, YAML or JSON: name: DB_PASSWORD, then value: …
    re.compile(
        rf"""\bname["']?:[ ]?["']?(?P<k>[\w.-]++)["']?,?\s*+["']?value["']?:[ \t]*+"""
        rf"""(?:{_QUOTED}|(?P<b>[^\s"'][^\r\n]*+))"""
    ),
    # --password hunter2
    re.compile(rf"(?<![\w-])--(?P<k>[a-zA-Z][\w-]*+)[ \t]++(?!-){_VALUE}"),
)
# password: the rest of the line, as YAML and `kubectl describe pod` write it
_YAML_LINE = re.compile(r"(?m)^[ \t]*+(?:- +)?(?P<k>[A-Za-z_][\w.-]*+):[ \t]++(?P<v>[^\s\"'|>{\[][^\r\n]*+)")
# password: |  and the deeper lines below it
_YAML_BLOCK = re.compile(
    r"(?m)^(?P<i>[ \t]*+)(?:- +)?(?P<k>[A-Za-z_][\w.-]*+):[ \t]*+[|>][-+0-9]{0,2}[ \t]*+\r?\n"
    r"(?P=i)[ \t]++(?P<v>[^\n]*+(?:\n(?P=i)[ \t]++[^\n]*+)*)"
)

# A secret by its own shape, or by the words of one protocol. Without a group the whole match is the secret.
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        # HTTP credentials, RFC 9110 §11.6.2; schemes of RFC 7617 and 6750, `Token token=` of PagerDuty's
        # REST API, `OAuth` of Statuspage. Digest and AWS signatures (SigV4) run to the end of the line.
        (
            r"""(?i)\bauthorization(?:\\?["'])?\s{0,4}[:=]\s{0,4}(?:\\?["'])?(?:"""
            r"""(?:basic|bearer|token|oauth|apikey|negotiate|genie\ ?key)\s{1,4}(?P<a>[^\s"'\\]+)"""
            r"""|(?:digest|aws4-hmac-sha256)\s{1,4}(?P<l>[^\r\n'\\]+)|(?P<n>[^\s"'\\,;]{16,}))"""
        ),
        # a bearer token anywhere, RFC 6750 §2.1; a digit tells it from prose
        r"(?i)\bbearer\s{1,4}(?=[a-z._~+/=-]*+\d)(?P<t>[a-z0-9._~+/=-]{16,})",
        # session cookies, RFC 6265 §4
        r"""(?im)^[<>*\s]{0,4}(?:set-)?cookie:\s{0,4}(?P<c>[^\r\n]+)""",
        # userinfo of a URL, RFC 3986 §3.2.1: postgres://user:password@host, redis://:password@host
        r"""://[^\s/?\#@:"']*+:(?P<u>(?!«masked»@)[^\s"'/]+)@""",
        # AWS: "Unique identifiers" in the IAM user guide; AKIA stays, ASIA expires
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
        # GitHub: "About authentication to GitHub", token formats; GitLab: "Token prefixes"
        r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{22,255}\b|\bglpat-[A-Za-z0-9_-]{20,}",
        # Slack: docs.slack.dev/authentication/tokens; incoming webhooks carry the secret in the path
        r"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<w>[A-Za-z0-9/_-]{20,})",
        # Stripe: docs.stripe.com/keys (sk secret, rk restricted; pk is public), whsec: webhook signatures
        r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{16,}",
        # PagerDuty: OAuth access tokens "pdus+_…", "pdeu+_…" (developer.pagerduty.com); REST keys are 20
        # characters without a mark (support.pagerduty.com, "API Access Keys"), known by `Token token=` only;
        # v1 event addresses end in the integration key
        r"\bpd[a-z]{2}\+_?[A-Za-z0-9_+-]{20,}",
        r"events\.pagerduty\.com/(?:integration|x-ere)/(?P<e>[A-Za-z0-9]{20,})",
        # Google API keys AIza…, OpenAI and Anthropic sk-…, npm, PyPI, SendGrid, HashiCorp Vault: each
        # vendor's prefix as in GitHub's "Supported secret scanning patterns"
        r"\bAIza[A-Za-z0-9_-]{35}|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}|\bnpm_[A-Za-z0-9]{36}\b",
        r"\bpypi-AgE[A-Za-z0-9_-]{50,}|\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}",
        r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}",
        # JWT and JWE, RFC 7519 §3 and RFC 7516 §3.1: `eyJ` is base64 of `{"`
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+\.[A-Za-z0-9_.-]*+",
        # Redis: redis.conf `requirepass`, CONFIG GET requirepass (answers on the next line), AUTH, MONITOR's
        # quoted form, ACL rules `>password` and `#sha256` on a `user` line, `redis-cli -a`
        r"""(?im)\b(?:requirepass|masterauth)\b[ \t]++(?:"(?P<r>[^"\n]+)|(?P<o>[^\s"]+)[ \t]*$)""",
        r"""(?im)\b(?:requirepass|masterauth)"?\r?\n(?:[ \t]*\d+\)[ \t]*)?"?(?P<g>[^"\r\n]+)""",
        r"""(?i)"auth"(?:\ "[^"\n]*+")?\ "(?P<m>[^"\n]+)\"""",
        r"(?im)^(?:[^\s>]{1,80}>)?[ \t]*AUTH[ \t]++(?:[^\s«]++[ \t]++)?(?P<h>[^\s]+)[ \t]*$",
        r"""(?m)^(?:[ \t\d)"]{0,12})user[ ]\S++[ ](?:on|off)[ ](?:\S++[ ]){0,3}?[>\#](?P<s>\S+)""",
        r"""\bredis-cli\b[^\n]{0,200}?\s-a[ \t]+["']?(?P<f>[^\s"']+)""",
        # PostgreSQL: the password file, libpq-pgpass.html: host:port:database:user:password
        r"(?m)^[^\s:#]++:(?:\d{4,5}|\*):[^\s:]++:[^\s:]++:(?P<x>(?:[^\s:\\]|\\.)+)$",
    )
)

# Private keys: RFC 7468, the older "RSA", "EC", "OPENSSH" labels, OpenPGP's "BLOCK" (RFC 9580 §6.2).
# Body lines are 64 characters (RFC 7468 §2), 70 from OpenSSH; 40 leaves room and is no word of prose.
_KEY_MARKS = re.compile(r"-----(?P<is>BEGIN|END) [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(r"-----[A-Z0-9 ]++-----(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{40,}+)*")
_KEY_LINE = re.compile(r"[ \t]*+[A-Za-z0-9+/=]++\s*+")

# Kubernetes Secret, core/v1: `data` is base64, `stringData` is plain
_SECRET_KIND = re.compile(r"""\bkind["\\]{0,2}:[ ]?["\\]{0,2}Secret\b""")
_DATA_YAML = re.compile(
    r"(?m)^(?P<i>[ \t]*+)(?:- )?(?:data|stringData):[ \t]*+\r?\n(?P<v>(?:(?P=i)[ \t]++[^\n]*+\n?)+)"
)
_DATA_JSON = re.compile(r"""\\?"(?:data|stringData)\\?":\s*+\{(?P<v>[^{}]*+)\}""")
_YAML_ENTRY = re.compile(r"(?m)^[ \t]*+(?:[\w.-]++:[ \t]*+)?(?P<v>[^\s|>][^\r\n]*)")
_JSON_ENTRY = re.compile(r""":\s*+\\?"(?P<v>[^"\\]+)""")

# A name that a pair needs, and without which no pair has to be looked for in a line: looking is what costs.
_IN_NAMES = ("pass", "pwd", "secret", "token", "key")
# What a shape needs somewhere in the text, folded: a text without any of it is not searched. In the order of _SHAPES.
_NEEDS = (
    ("authorization",), ("bearer",), ("cookie",), ("://",), ("akia", "asia", "abia", "acca"),
    ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"), ("xox", "xapp-"), ("hooks.slack",),
    ("k_live_", "k_test_", "whsec_"), ("pd",), ("events.pagerduty",), ("aiza", "sk-", "npm_"), ("pypi-", "sg."),
    ("hvs.", "hvb.", "hvr."), ("eyj",), ("requirepass", "masterauth"), ("requirepass", "masterauth"), ("auth",),
    ("auth",), ("user ",), ("redis-cli",), (":",),
)  # fmt: skip


def mask(text: str, known: Iterable[str] = ()) -> Masked:
    """`text` with every secret replaced by `«masked»`; `known` are secrets the house handed out itself."""
    found = spans(text, known)
    return Masked(cover(text, found), len(found))


def cover(text: str, found: Iterable[tuple[int, int]]) -> str:
    """`text` with each (start, end) of `found`, ascending and apart, replaced by `«masked»`."""
    pieces, at = [], 0
    for start, end in found:
        pieces += [text[at:start], MASK]
        at = end
    return "".join([*pieces, text[at:]])


def spans(text: str, known: Iterable[str] = (), *, secret_kind: bool = False) -> list[tuple[int, int]]:
    """Where the secrets are: (start, end) offsets in characters, ascending, never touching each other.

    `secret_kind`: a Kubernetes Secret was seen earlier in what this text is a part of.
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(_found(text, known, secret_kind=secret_kind)):
        if start == end or text.find(MASK, start, end) >= 0:  # nothing, or masked before
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def secret_values(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets among environment variables: what masking would hide if `env` printed them.

    Shorter than 6 characters is left out: a password `test` would black out half of every log.
    """
    lines = {f"{name}={value}" for name, value in environment.items()}
    return tuple(sorted({line[a:b] for line in lines for a, b in spans(line) if b - a >= 6}))


def names_secret(text: str) -> bool:
    """Whether it has a Kubernetes Secret in it."""
    return "Secret" in text and _SECRET_KIND.search(text) is not None


def _found(text: str, known: Iterable[str], *, secret_kind: bool) -> Iterator[tuple[int, int]]:
    folded = text.casefold()
    for shape, needs in zip(_SHAPES, _NEEDS, strict=True):
        if any(need in folded for need in needs):
            for match in shape.finditer(text):
                yield match.span(match.lastgroup or 0)
    yield from _by_name(text, folded)
    yield from _private_keys(text)
    yield from key_like(text)
    if secret_kind or names_secret(text):
        yield from _kubernetes_data(text)
    if literal := "|".join(map(re.escape, sorted(known, key=len, reverse=True))):
        yield from (match.span() for match in re.finditer(literal, text))


def _pairs(text: str, folded: str) -> Iterator[re.Match[str]]:
    """Names with values. A pair never leaves its line, so that only lines with such a name are searched."""
    if len(folded) != len(text):  # a letter that folds to two: places no longer agree
        yield from _PAIR.finditer(text)
        return
    at = {name: folded.find(name) for name in _IN_NAMES}
    while at := {name: place for name, place in at.items() if place >= 0}:
        first = min(at.values())
        begin, end = text.rfind("\n", 0, first) + 1, text.find("\n", first)
        end = len(text) if end < 0 else end
        yield from _PAIR.finditer(text, begin, end)
        at = {name: folded.find(name, end) if place < end else place for name, place in at.items()}


def _by_name(text: str, folded: str) -> Iterator[tuple[int, int]]:
    for match in _pairs(text, folded):
        start, end = match.span(match.lastgroup or 0)
        # "invalid token: unexpected end" is prose; a token is hardly ever letters only
        word = match["b"] is not None and end - start < 20 and match["b"].isalpha()
        prose = word and match["is"] == ":" and match["p"] is None
        if not prose and not _HIDES_NOTHING.match(text, start):
            yield start, end
    if not any(name in folded for name in _IN_NAMES):
        return
    for names, patterns in ((_NAME_ENDS, _NAMED), (_PASSWORD_ENDS, (_YAML_LINE, _YAML_BLOCK))):
        for pattern in patterns:
            for match in pattern.finditer(text):
                start, end = match.span(match.lastgroup or 0)
                if names.search(match["k"]) and not _HIDES_NOTHING.match(text, start):
                    yield start, start + len(text[start:end].rstrip())


def _private_keys(text: str) -> Iterator[tuple[int, int]]:
    """Whole key blocks, and the half of one whose other half was cut off, as `kubectl logs --tail` does."""
    begun: int | None = None  # where an unfinished block starts
    done = 0
    for mark in _KEY_MARKS.finditer(text):
        if mark["is"] == "BEGIN":
            if begun is not None:
                yield begun, _end_of_body(text, begun)
            begun = mark.start()
            continue
        if begun is not None and mark.start() - begun <= LONGEST:
            yield begun, mark.end()
        else:
            if begun is not None:
                yield begun, _end_of_body(text, begun)
            yield _start_of_body(text, max(done, mark.start() - LONGEST), mark.start()), mark.end()
        begun, done = None, mark.end()
    if begun is not None:
        yield begun, _end_of_body(text, begun)


def _end_of_body(text: str, begun: int) -> int:
    body = _KEY_BODY.match(text, begun)
    return body.end() if body else begun


def _start_of_body(text: str, low: int, high: int) -> int:
    start = high
    for line in reversed(text[low:high].splitlines(keepends=True)):
        if not _KEY_LINE.fullmatch(line):
            break
        start -= len(line)
    return start


def _kubernetes_data(text: str) -> Iterator[tuple[int, int]]:
    for block, entry in ((_DATA_YAML, _YAML_ENTRY), (_DATA_JSON, _JSON_ENTRY)):
        for data in block.finditer(text):
            for value in entry.finditer(text, data.start("v"), data.end("v")):
                if not _HIDES_NOTHING.match(text, value.start("v")):
                    yield value.span("v")
