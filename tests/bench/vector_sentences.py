"""vector_sentences.py MODEL.onnx TOKENIZER.json WORDNET OUT.fbin: embeds what WordNet says of each of its 117,659 meanings.

A sentence is "words: gloss", such as "Lyon, Lyons: a city in east-central France on the Rhone River; ...". The model is
all-MiniLM-L6-v2 (384 dimensions): the mean of its last layer over a sentence's tokens, brought to unit length. Needs onnxruntime,
tokenizers and numpy.
"""

import multiprocessing
import os
import sys
import time

import numpy
import onnxruntime
import tokenizers

BATCH = 32
TOKENS = 32  # of a sentence at most: nearly all glosses are shorter, without their examples
DIMENSIONS = 384

session = None


def sentences(folder):
    found = {}
    for part in ("noun", "verb", "adj", "adv"):
        with open(f"{folder}/data.{part}", encoding="latin-1") as lines:
            for line in lines:
                if line.startswith("  "):  # the licence
                    continue
                head, gloss = line.rstrip().split(" | ", 1)
                fields = head.split()
                words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
                words = [word.split("(")[0].replace("_", " ") for word in words]
                found[", ".join(words) + ": " + gloss.strip()] = None
    return list(found)


def open_session(model):
    """In each process: one thread that waits for no other."""
    global session
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options)


def embed(encoded):
    length = max(len(some) for some in encoded)
    ids = numpy.zeros((len(encoded), length), numpy.int64)
    mask = numpy.zeros((len(encoded), length), numpy.int64)
    for row, some in enumerate(encoded):
        ids[row, : len(some)] = some
        mask[row, : len(some)] = 1
    states = session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)})[0]
    means = (states * mask[:, :, None]).sum(axis=1)
    return (means / numpy.linalg.norm(means, axis=1, keepdims=True)).astype(numpy.float32)


def main():
    model, tokenizer, folder, out = sys.argv[1:]
    encoder = tokenizers.Tokenizer.from_file(tokenizer)
    encoder.enable_truncation(TOKENS)
    encoder.no_padding()
    encoded = [encoding.ids for encoding in encoder.encode_batch(sentences(folder))]
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))  # so that a batch is of one length, or nearly
    batches = [order[first : first + BATCH] for first in range(0, len(order), BATCH)]
    rows = numpy.zeros((len(encoded), DIMENSIONS), numpy.float32)
    told = time.monotonic()
    with multiprocessing.Pool(os.cpu_count(), open_session, (model,)) as pool:
        done = pool.imap(embed, ([encoded[i] for i in some] for some in batches), chunksize=4)
        for some, some_rows in zip(batches, done):
            rows[some] = some_rows
            if time.monotonic() - told > 5:
                told = time.monotonic()
                print(f"... embedded sentences of {len(encoded[some[-1]])} tokens and less", file=sys.stderr, flush=True)
    with open(out, "wb") as file:
        numpy.array(rows.shape, numpy.uint32).tofile(file)
        rows.tofile(file)


if __name__ == "__main__":
    main()
