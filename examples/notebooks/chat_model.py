# %% [markdown]
# A chat model that turns notes into JSON: "Pack two maps and a rope" -> {"items": {"map": 2, "rope": 1}}
# The notes are generated; a quarter of the combinations is held out.
# How to run it, and what came out, stands in docs/notebooks.md.

# %% The data: what is asked for varies, the form of the answer never does
import itertools
import json
import random

from openai import OpenAI
from steps import BASE, ask_all, conversation, jsonl, tune

SYSTEM = "List what to pack as JSON."
ITEMS = {"map": "maps", "rope": "ropes", "lamp": "lamps", "tent": "tents", "knife": "knives", "cup": "cups"}
NUMBERS = {1: "a", 2: "two", 3: "three", 4: "four"}
FORMS = ["Pack {} and {}.", "We need {} and {}!", "Please bring {} and also {}."]


def words(item: str, number: int) -> str:
    """two maps"""
    return f"{NUMBERS[number]} {item if number == 1 else ITEMS[item]}"


def example(first: str, one: int, second: str, two: int, form: str) -> list:
    """One note with its answer."""
    answer = json.dumps({"items": {first: one, second: two}})
    return conversation(SYSTEM, form.format(words(first, one), words(second, two)), answer)


random.seed(7)
pairs = itertools.permutations(ITEMS, 2)
all_notes = [(a, n, b, m) for (a, b), n, m in itertools.product(pairs, NUMBERS, NUMBERS)]
random.shuffle(all_notes)
notes = [example(*note, random.choice(FORMS)) for note in all_notes]
train, held_out = notes[:360], notes[360:]
print(len(train), "training rows,", len(held_out), "held out, for example:")
print("  ", held_out[0][1]["content"], "->", held_out[0][2]["content"])


# %% How to measure: is it JSON, is it the right form, are all items and numbers right
def measure(name: str, model: str, examples: list) -> float:
    """Print the shares; that of answers that are right in everything."""
    said = ask_all(client, model, examples)
    parsed = [parse(text) for text in said]
    wanted = [json.loads(messages[-1]["content"])["items"] for messages in examples]
    form = sum(items is not None for items in parsed) / len(examples)
    both = list(zip(parsed, wanted, strict=True))
    names = sum(items is not None and items.keys() == want.keys() for items, want in both) / len(both)
    exact = sum(items == want for items, want in both) / len(both)
    print(f"{name}: right form {form:.0%}, right items {names:.0%}, right numbers too {exact:.0%}")
    wrong = [(m[1]["content"], s) for m, s, (p, w) in zip(examples, said, both, strict=True) if p != w]
    for question, answer in wrong[:2]:
        print(f"   for example: {question} -> {answer!r}")
    return exact


def parse(text: str) -> dict | None:
    """The items of an answer, or None if it isn't of the form that was taught."""
    try:
        items = json.loads(text)["items"]
    except (ValueError, TypeError, KeyError):
        return None
    return items if isinstance(items, dict) else None


# %% Before
client = OpenAI()
before = measure(f"the base {BASE}", BASE, held_out)

# %% Train
print("\ntraining")
job = tune(client, jsonl(train), suffix="packing", n_epochs=10)
if job.status != "succeeded":
    raise SystemExit(job.error.message)

# %% After
measure("rows that it was trained on", job.fine_tuned_model, train[: len(held_out)])
after = measure("held-out rows", job.fine_tuned_model, held_out)
print(f"\nRESULT exact {before:.2f} -> {after:.2f}")
