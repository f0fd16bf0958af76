"""Entropy: tokens that look drawn by lot, as keys are, although nothing names them and no vendor's mark is on them.

What operators look at all day is left alone: hashes, image digests and trace ids are hexadecimal, UUIDs and pod names
have small letters only, ULIDs capitals only, identifiers and paths are made of words. Certificates, public keys and
checksums that say what they are (`sha512-…`, `SHA256:…`) are public.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

SHORTEST = 24  # characters; below, an id of some system is as likely as a key
LONGEST_WORDS = 0.4  # of a token in runs of four small letters or more; drawn by lot it is about 0.1, in names over 0.5
TURNS = 0.4  # how often the next character is of another kind; by lot (26+26+10 of 62) 0.62, in CamelCase about 0.35
BITS = 3.6  # a character, of Shannon's measure; 24 drawn from 62 have 4.2, `aB1aB1…` has 1.6

_TOKEN = re.compile(rf"[A-Za-z0-9+/_-]{{{SHORTEST},}}+={{0,2}}")
_WORD = re.compile(r"[a-z]{4,}+")
_SUM_BEFORE = re.compile(r"(?i)\bsha-?(?:1|224|256|384|512)[-:=]\Z")  # SRI of npm, fingerprints of ssh
_SUM = re.compile(r"(?i)sha(?:1|224|256|384|512)-")
# base64 of OpenSSH's public keys (RFC 4253 §6.6: the length of the name comes first), of "-----BEGIN CERT", "… PUBL"
_PUBLIC = ("AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNh", "LS0tLS1CRUdJTiBDRVJU", "LS0tLS1CRUdJTiBQVUJM")
# RFC 7468 blocks whose label is not a private key's
_BLOCK = re.compile(r"-----BEGIN (?![A-Z0-9 ]{0,30}PRIVATE)[A-Z0-9 ]{1,40}-----(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{4,}+)*")


def key_like(text: str) -> Iterator[tuple[int, int]]:
    """Where tokens stand that look like keys: (start, end), ascending."""
    public: list[tuple[int, int]] | None = None
    for match in _TOKEN.finditer(text):
        token, start = match[0], match.start()
        if token.islower() or token.isupper() or not _drawn(token.rstrip("=")):
            continue
        if token.startswith(_PUBLIC) or _SUM.match(token) or _SUM_BEFORE.search(text, max(start - 8, 0), start):
            continue
        if public is None:  # looked for only where it matters
            public = [block.span() for block in _BLOCK.finditer(text)] if "-----BEGIN " in text else []
        if not any(a <= start < b for a, b in public):
            yield match.span()


def _drawn(token: str) -> bool:
    """Small letters, capitals and digits in an order that no word has."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in token if c.isalnum()]
    few = min(kinds.count("d"), kinds.count("u"), kinds.count("l"))
    turns = sum(a != b for a, b in pairwise(kinds))
    if few < 2 or turns < TURNS * (len(kinds) - 1):
        return False
    if sum(len(word) for word in _WORD.findall(token)) > LONGEST_WORDS * len(token):
        return False
    size = len(token)
    return -sum(n / size * math.log2(n / size) for n in Counter(token).values()) >= BITS
