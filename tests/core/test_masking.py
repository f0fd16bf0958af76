"""An output masked as it streams is the output masked at once, however it arrives, in a memory that does not grow."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.test_redaction import INNOCENT, SECRETS
from fireline.core.masking import Masking
from fireline.core.redaction import MASK, mask

TEXTS = [text.replace("⟦", "").replace("⟧", "") for name, text in SECRETS.items() if "lost" not in name]
# Kubernetes Secrets have their `data` hidden from the word `kind: Secret` on, whatever the window: not the same
PLAIN = [text for text in (*TEXTS, *INNOCENT) if "Secret" not in text and "kind" not in text]


def streamed(text: str, cuts: list[int], **windows: int) -> tuple[str, int]:
    masking, data, at, out = Masking((), **windows), text.encode(), 0, b""
    for cut in cuts:
        out += masking.take(data[at : at + cut])
        at += cut
    out += masking.take(data[at:]) + masking.end()
    return out.decode(), masking.masked


@pytest.mark.req(48)
@given(st.lists(st.sampled_from(PLAIN), max_size=30).map("\n".join), st.lists(st.integers(1, 400), max_size=40))
@settings(max_examples=300, deadline=None)
def test_however_it_is_cut_the_same_comes_out(text: str, cuts: list[int]) -> None:
    whole = mask(text)
    assert streamed(text, cuts, step=300, margin=2000) == (whole.text, whole.count)


@pytest.mark.req(48)
@pytest.mark.parametrize("at", range(3, 30, 4))
def test_a_secret_across_two_pieces_is_masked_whole(at: int) -> None:
    out, count = streamed("x\npassword=correcthorse\ny\n", [at])
    assert (out, count) == (f"x\npassword={MASK}\ny\n", 1)


def test_no_digit_of_a_secret_survives_a_line_without_an_end() -> None:
    text = "".join(f"x password=n{n:08d} " for n in range(3000))
    out, count = streamed(text, [997] * 60, step=2000, margin=500)
    assert count == 3000
    assert not any(character.isdigit() for character in out)


def test_once_a_secret_of_kubernetes_was_named_its_data_is_hidden_far_below() -> None:
    text = "kind: Secret\n" + "note: nothing\n" * 3000 + "data:\n  x: aHVudGVyMg==\n"
    assert "aHVudGVyMg" not in streamed(text, [], step=1000, margin=500)[0]


def test_bytes_that_are_no_text_become_a_mark() -> None:
    masking = Masking()
    assert masking.take(b"caf\xc3") + masking.take(b"\xa9 \xff\0|") + masking.end() == "café \ufffd\ufffd|".encode()


def test_memory_is_a_few_windows_whatever_comes() -> None:
    masking = Masking()
    piece = b"2026-11-23T03:04:05Z INFO GET /api/v1/orders/1 200 12 ms\n" * 1000
    masking.take(piece * 5)
    tracemalloc.start()
    for _ in range(100):
        masking.take(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
