# %% [markdown]
# Data preparation: from notes as people wrote them to a training file that a job accepts
# What goes wrong with real files is shown on purpose: doubles, blanks, labels in several spellings, a line
# without an answer. The last cell trains for some seconds on what came out.
# How to run it, and what came out, stands in docs/notebooks.md.

# %% The raw notes: what people wrote to the caretaker, and which trade was sent
import itertools
import random
import statistics
from collections import Counter

from openai import OpenAI
from steps import BASE, ask_all, conversation, jsonl, tune

TROUBLES = {
    "plumber": ["the tap drips", "the sink is blocked", "the shower stays cold"],
    "electrician": ["the light flickers", "a socket sparks", "the bell is dead"],
    "joiner": ["the door sticks", "a shelf came down", "the window won't close"],
}
PLACES = ["in flat two", "in flat nine", "on the third floor", "in the cellar", "by the entrance"]
random.seed(7)
raw = [
    (f"{trouble} {place}", random.choice([trade, trade.upper(), f" {trade}"]))
    for trade, troubles in TROUBLES.items()
    for trouble, place in itertools.product(troubles, PLACES)
]
raw += [
    *random.sample(raw, 6),
    ("", "joiner"),
    ("the lift hums", ""),
    ("The tap drips  in flat two", "Plumber"),
]
random.shuffle(raw)
print(len(raw), "notes; labels as they were typed:", dict(Counter(label for _, label in raw)))

# %% Clean: one spelling for each label, no blanks, and each note once, however it was spaced and spelled
clean: dict[str, str] = {}
for note, label in raw:
    if note.strip() and label.strip():
        clean.setdefault(" ".join(note.lower().split()), label.strip().lower())
print(len(clean), "are left; labels now:", dict(Counter(clean.values())))

# %% Split before anything else is done, the same share of each label, and look for leaks
train, held_out = {}, {}
for trade in TROUBLES:
    notes = sorted(note for note, label in clean.items() if label == trade)
    random.shuffle(notes)
    held_out |= dict.fromkeys(notes[:3], trade)
    train |= dict.fromkeys(notes[3:], trade)
print(len(train), "to train on,", len(held_out), "held out, in both:", len(train.keys() & held_out.keys()))

# %% Chat format; the answer is the label alone, so that it can be compared
SYSTEM = "Which trade is needed?"
rows = [conversation(SYSTEM, note, trade) for note, trade in train.items()]
measured = [conversation(SYSTEM, note, trade) for note, trade in held_out.items()]
lengths = sorted(sum(len(m["content"].split()) for m in messages) for messages in rows)
print(f"words in an example: {lengths[0]} to {lengths[-1]}, median {statistics.median(lengths):.0f}")

# %% A broken line is refused by the job, with its place
client = OpenAI()
broken = jsonl(rows) + b'\n{"messages": [{"role": "user", "content": "the roof leaks"}]}'
print("\na file with a line that has no answer")
job = tune(client, broken, suffix="broken")
print("  ", job.error.code, "-", job.error.message)

# %% The good file trains, and the held-out notes show what was learned
print("\nthe good file")
job = tune(client, jsonl(rows), suffix="trades", n_epochs=12, batch_size=6)
if job.status != "succeeded":
    raise SystemExit(job.error.message)
share = {}
for name, model in ((BASE, BASE), ("tuned", job.fine_tuned_model)):
    said = ask_all(client, model, measured)
    share[name] = sum(s == m[-1]["content"] for s, m in zip(said, measured, strict=True)) / len(said)
print(f"\nRESULT accuracy {share[BASE]:.2f} -> {share['tuned']:.2f} of {len(measured)}")
