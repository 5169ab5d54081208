"""Signatures tell texts that are nearly the same from others, in English and Chinese."""

import random

from kb.signatures import NEARLY_THE_SAME, Signer, bands_of, similarity

WORDS = [f"word{number}" for number in range(3_000)]
HAN = [chr(0x4E00 + number) for number in range(3_000)]


def signature(*pieces: str) -> bytes:
    signer = Signer()
    for piece in pieces:
        signer.take(piece)
    return signer.signature()


def test_nearly_the_same_and_quite_different() -> None:
    for alphabet, between in ((WORDS, " "), (HAN, "")):
        chance = random.Random(3)
        text = chance.choices(alphabet, k=600)
        reworded = [*text]
        for place in chance.sample(range(600), 12):
            reworded[place] = chance.choice(alphabet)
        one, near = signature(between.join(text)), signature(between.join(reworded))
        other = signature(between.join(chance.choices(alphabet, k=600)))
        assert similarity(one, near) >= NEARLY_THE_SAME
        assert set(bands_of(one)) & set(bands_of(near))
        assert similarity(one, other) < 0.2
        assert not set(bands_of(one)) & set(bands_of(other))


def test_pieces_case_and_widths_do_not_matter() -> None:
    text = " ".join(WORDS[:300])
    assert signature(text) == signature(text.upper())
    assert similarity(signature(text), signature(text[:1000], text[1000:])) > 0.9


def test_short_texts_have_none() -> None:
    assert signature("A few words.") == b""
    assert bands_of(b"") == []
    assert similarity(b"", b"") == 0.0
    assert all(0 <= band < 2**63 for band in bands_of(signature(" ".join(WORDS))))
