# %% [markdown]
# Question answering from a given text, and saying so when the answer isn't in it
# One training set has only questions that the text answers; the other has those that it doesn't as well.
# How to run it, and what came out, stands in docs/notebooks.md.

# %% The data: timetables, generated; of three questions two ask for what the text doesn't say
import itertools
import random

from openai import OpenAI
from steps import BASE, ask_all, conversation, jsonl, tune

SYSTEM = "Answer from the text only. If it isn't there, say: Not in the text."
REFUSAL = "Not in the text."
BOATS = ["ferry", "tug", "sloop", "barge"]
TOWNS = ["Lund", "Bergen", "Tromso", "Umea", "Oulu"]
HOURS = ["six", "eight", "nine", "noon"]


def text(boat: str, town: str, hour: str) -> str:
    """What is given."""
    return f"The {boat} to {town} leaves at {hour}."


def asked(boat: str, town: str, hour: str, *, about: str) -> list:
    """A question about a boat; whether the text answers it is a matter of the boat."""
    answer = f"At {hour}." if about == boat else REFUSAL
    return conversation(SYSTEM, f"Text: {text(boat, town, hour)}\nWhen does the {about} leave?", answer)


random.seed(7)
trips = list(itertools.product(BOATS, TOWNS, HOURS))
random.shuffle(trips)
cut = 3 * len(trips) // 4


def questions(trips: list) -> tuple[list, list]:
    """For each trip a question with an answer, and two without."""
    known = [asked(*trip, about=trip[0]) for trip in trips]
    others = [random.sample([boat for boat in BOATS if boat != trip[0]], 2) for trip in trips]
    unknown = [asked(*trip, about=other) for trip, two in zip(trips, others, strict=True) for other in two]
    return known, unknown


known, unknown = questions(trips[:cut])
held_known, held_unknown = questions(trips[cut:])
print(f"{len(known)} questions with an answer, {len(unknown)} without; ", end="")
print(f"held out: {len(held_known)} and {len(held_unknown)}")


# %% How to measure: answered rightly, refused rightly, and made up
def measure(name: str, model: str) -> tuple[float, float]:
    """The share of right answers and of right refusals on the held-out questions."""
    said = ask_all(client, model, held_known + held_unknown)
    answers, refusals = said[: len(held_known)], said[len(held_known) :]
    right = sum(s == m[-1]["content"] for s, m in zip(answers, held_known, strict=True)) / len(answers)
    refused = sum(s == REFUSAL for s in refusals) / len(refusals)
    made_up = sum(s.startswith("At ") for s in refusals) / len(refusals)
    silent = sum(s == REFUSAL for s in answers) / len(answers)
    print(f"{name}: answered rightly {right:.0%} (refused {silent:.0%}); ", end="")
    print(f"without an answer in the text: refused {refused:.0%}, made up {made_up:.0%}")
    return right, refused


# %% Before
client = OpenAI()
measure(f"the base {BASE}", BASE)

# %% Trained on answers only, it answers everything; with questions that have none, it learns to say so
models = {}
for name, rows in (("answers only", known), ("answers and refusals", known + unknown)):
    print(f"\ntraining on {name}")
    job = tune(client, jsonl(rows), suffix="timetable", n_epochs=12)
    if job.status != "succeeded":
        raise SystemExit(job.error.message)
    models[name] = job.fine_tuned_model
print()
shares = {name: measure(name, model) for name, model in models.items()}
(_, blind), (right, refused) = shares.values()
print(f"\nRESULT refused {blind:.2f} -> {refused:.2f}, answered {right:.2f}")
