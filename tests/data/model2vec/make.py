#!/usr/bin/env python3
"""Makes the files beside it: a small model by Model2Vec itself, and what that makes of some texts, for tests of the library's own reader.

pip install model2vec==0.10.0, which brings tokenizers and safetensors. The vocabulary is learnt from the catalogue of destinations, the vectors
are drawn at random: what is tested is arithmetic, not meaning.
"""
import json
import pathlib
import shutil

import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

here = pathlib.Path(__file__).parent
catalogue = json.loads((here / "../../../libtripsage/trip/catalogue/destinations.json").read_text())


def texts_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_in(inner)


def save(model, name):
    folder = here / name
    model.save_pretrained(folder)
    for extra in ("README.md", "modules.json"):
        (folder / extra).unlink()


tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer()
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.train_from_iterator(
    [*texts_in(catalogue), "한국어 여행 東京 ελληνικά Москва"],
    trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[PAD]", "[UNK]"]),
)
size = tokenizer.get_vocab_size()
chance = np.random.default_rng(7)
vectors = (chance.standard_normal((size, 16)) * np.geomspace(0.2, 3, size)[:, None]).astype(np.float32)
plain = StaticModel(vectors, tokenizer, normalize=True)
save(plain, "plain")
mapped = StaticModel(
    vectors[:50].astype(np.float16).astype(np.float32),
    tokenizer,
    normalize=False,
    weights=chance.random(size) + 0.1,
    token_mapping=chance.integers(0, 50, size),
    max_length=7,
)
save(mapped, "mapped")

texts = [
    "",
    "   ",
    "a beach to snorkel",
    "Warm sand, and coral reefs!",
    "WARM SAND",
    "São Tomé and Príncipe",
    "e\u0301te\u0301 a\u0300 la plage",
    "Île-de-France: 75,000 km²",
    "İstanbul ΣΑΣ straße ﬁn",
    "한국어 여행",
    "東京の旅行と温泉",
    "Москва, Санкт-Петербург",
    "naïve café — “quoted” ‘text’ …",
    "tab\there\u00a0and\u2003there",
    "zero\u200bwidth\u00adsoft\ufeffmark",
    "private\ue000use\ufffdreplacement",
    "[PAD] in [UNK] a text[PAD]",
    "x" * 100,
    "x" * 101,
    "word " * 600,
    "emoji 🏖️ beach 👩‍👩‍👧",
    "1,234.56 $ + € < = > ^ ` | ~",
    "don't o'clock",
    "ａｂｃ ﷺ ǅ ⅷ",
    "क्षेत्र ทะเล ঢাকা",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐐀𐐨",
    "豈 豈 更 \U0002f800",
    "(parentheses)[brackets]{braces}",
    "antidisestablishmentarianism unpronounceablexyzzy",
    "\u1e9b\u0323 \u212b \u2126 \u0344",
]
with open(here / "expected.jsonl", "w", encoding="utf-8") as out:
    for text, one, other in zip(texts, plain.encode(texts), mapped.encode(texts)):
        row = {
            "text": text,
            "tokens": plain.tokenize([text])[0],
            "plain": [round(float(x), 7) for x in one],
            "mapped": [round(float(x), 7) for x in other],
        }
        out.write(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n")
shutil.rmtree(here / "__pycache__", ignore_errors=True)
