#!/usr/bin/env python3
"""Writes tests/golden/tokenizer/: a small WordPiece tokenizer and what Hugging Face's `tokenizers` makes of texts.

  make_tokenizer.py            (with tokenizers 0.23.3)

cases.json holds, for each setting of the normaliser, texts with ids and offsets in bytes of the text.
"""

import json
import pathlib
import random

from tokenizers import Tokenizer

FOLDER = pathlib.Path(__file__).parent / "tokenizer"
POINTS = [c for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF]
MARKS = ["a", "B", "é", "e\u0301", "\u0323", "\u0301", "中", "한", "각", "\u302e", "\U0001d165", "\u0344", "İ", "ß", "Σ",
         "!", " ", "\t", "\n", "\u200b", "\ufeff", "[MASK]", "[UNK]", "##", "１", "ﬁ", "\u1bf2", "\ua953", "\u0334",
         "\ufa30", "\u00a0", "\x00", "\u0085", "\ufffd", "ünïted", "newstate", " tokyo "]
MADE = ["", " ", "The quick brown fox jumps over the lazy dog.", "unaffable, isn't it?", "Ünïcödé ÀÉÎ", "I don't know…",
        "東京タワー は高い。", "한국어 문장", "x" * 100, "x" * 101, "é" * 100, "e\u0301" * 51, "a\u200bb", "tab\tnew\nline",
        "[CLS] said [MASK] [SEP]", "[mask]", "##ing", "İstanbul", "ΑΣ", "ﬁne ﬂow", "naïve café", "🙂👍🏽", "1,000.50€",
        "\u0301start", "a\u0323\u0301\u0344b", "\ud7a3\uac00\uac01", "𝒜𝓃", "\u3000wide\u3000", "new tokyo newstate tokyoite"]


def tokenizer_json():
    words = ["the", "quick", "brown", "fox", "jump", "##s", "over", "lazy", "dog", "un", "##aff", "##able", "is", "it",
             "don", "know", "東", "京", "高", "い", "中", "##ing", "new", "##state", "said", "mask", "united", "cafe", "café",
             "naive", "istanbul", "ασ", "ᄒ", "##ᅡ", "##ᆫ", "##ㄱ", "한", "각", "##국", "🙂", "１", "…", "€", "\u00e9", "##\u00e9", "İ", "Σ"]
    letters = [chr(c) for c in range(0x61, 0x7b)] + [chr(c) for c in range(0x30, 0x3a)]
    capitals = [chr(c) for c in range(0x41, 0x5b)]
    signs = [chr(c) for c in range(0x21, 0x7f) if not chr(c).isalnum()]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters + ["##" + c for c in letters] + capitals
    tokens += signs + [w for w in words]
    vocab = {t: i for i, t in enumerate(dict.fromkeys(tokens))}
    special = [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                "special": True} for i, t in enumerate(tokens[:5])]
    added = [
        {"id": len(vocab), "content": "Tokyo", "single_word": True, "lstrip": True, "rstrip": True, "normalized": True},
        {"id": len(vocab) + 1, "content": "newstate", "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False},
        {"id": len(vocab) + 2, "content": "Ünïted", "single_word": False, "lstrip": False, "rstrip": True,
         "normalized": True}]
    piece = lambda kind, name, type_id: {kind: {"id": name, "type_id": type_id}}  # noqa: E731
    one = [piece("SpecialToken", "[CLS]", 0), piece("Sequence", "A", 0), piece("SpecialToken", "[SEP]", 0)]
    two = one + [piece("Sequence", "B", 1), piece("SpecialToken", "[SEP]", 1)]
    ids = {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": special + [{**a, "special": False} for a in added],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": one, "pair": two, "special_tokens": ids},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocab}}


def random_texts(count):
    random.seed(5)
    texts = []
    for i in range(count):
        length = random.randint(1, 14)
        if i % 3 == 0:
            texts.append("".join(chr(random.choice(POINTS)) for _ in range(length)))
        elif i % 3 == 1:
            texts.append("".join(chr(random.choice(POINTS[:0x3100])) for _ in range(length)))
        else:
            texts.append("".join(random.choice(MARKS) for _ in range(length)))
    return texts


def in_bytes(offsets, text, second=None):
    """Characters to bytes; in a pair everything behind the second [CLS]-less part is of the second text."""
    place = [0]
    for c in text:
        place.append(place[-1] + len(c.encode()))
    return [[place[a], place[b]] for a, b in offsets]


def main():
    FOLDER.mkdir(exist_ok=True)
    base = tokenizer_json()
    dump = lambda value: json.dumps(value, ensure_ascii=True, separators=(",", ":"))  # noqa: E731
    (FOLDER / "tokenizer.json").write_text(dump(base) + "\n")
    cases = []
    texts = MADE + random_texts(240)
    for lowercase in (True, False):
        for strip in (None, True, False):
            for clean in (True, False):
                settings = {**base["normalizer"], "lowercase": lowercase, "strip_accents": strip, "clean_text": clean,
                            "handle_chinese_chars": clean}
                chosen = texts if clean and strip is None else texts[: len(MADE)] + texts[len(MADE) :: 5]
                tokenizer = Tokenizer.from_str(json.dumps({**base, "normalizer": settings}))
                for literal in (True, False):
                    tokenizer.encode_special_tokens = not literal
                    rows = [[t, e.ids, in_bytes(e.offsets, t)] for t in chosen for e in [tokenizer.encode(t)]]
                    cases.append({"normalizer": settings, "literal": literal, "texts": rows})
    tokenizer = Tokenizer.from_str(json.dumps(base))
    pairs = []
    for first, second in zip(MADE, MADE[3:] + MADE[:3]):
        for length in (3, 4, 5, 8, 9, 16, 17, 60):
            tokenizer.enable_truncation(length)
            e = tokenizer.encode(first, second)
            pairs.append([first, second, length, e.ids, e.type_ids])
    (FOLDER / "cases.json").write_text(dump({"singles": cases, "pairs": pairs}) + "\n")


main()
