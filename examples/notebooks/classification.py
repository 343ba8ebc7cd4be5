# %% [markdown]
# Classification: which section does a headline belong to?
# The data are our own headlines: 128 to train on, 28 to measure with.
# How to run it, and what came out, stands in docs/notebooks.md.

# %% The data: a short system prompt, a headline, and the label alone as the answer
import json
from collections import Counter

from openai import OpenAI
from steps import BASE, EXAMPLES, ask_all, jsonl, tune


def examples_of(name: str) -> list:
    """The conversations of an example file."""
    return [json.loads(line)["messages"] for line in (EXAMPLES / name).read_text().splitlines()]


train, held_out = examples_of("news_train.jsonl"), examples_of("news_heldout.jsonl")
truth = [messages[-1]["content"] for messages in held_out]
labels = sorted(set(truth))
print("training rows by label:", dict(Counter(messages[-1]["content"] for messages in train)))
print("an example:", held_out[0][1]["content"], "->", truth[0])


# %% How to measure: accuracy, F1 for each label, and who is taken for whom
def f1(label: str, truth: list[str], said: list[str]) -> float:
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    right = sum(t == s == label for t, s in zip(truth, said, strict=True))
    claimed, real = said.count(label), truth.count(label)
    return 2 * right / (claimed + real) if claimed + real else 0.0


def report(name: str, said: list[str]) -> float:
    """Print the measures and the confusion matrix; the accuracy."""
    accuracy = sum(t == s for t, s in zip(truth, said, strict=True)) / len(truth)
    scores = {label: f1(label, truth, said) for label in labels}
    macro = sum(scores.values()) / len(labels)
    print(f"\n{name}: accuracy {accuracy:.2f}, macro F1 {macro:.2f}")
    print("  F1:", ", ".join(f"{label} {score:.2f}" for label, score in scores.items()))
    columns = [*labels, "other"]
    print(f"  {'is / said':10}" + "".join(f"{column:>10}" for column in columns))
    for label in labels:
        row = [s if s in labels else "other" for t, s in zip(truth, said, strict=True) if t == label]
        print(f"  {label:10}" + "".join(f"{row.count(column):10}" for column in columns))
    return accuracy


# %% Before: what the base says
client = OpenAI()
before = report(f"the base {BASE}", ask_all(client, BASE, held_out))

# %% Train; the held-out rows are the validation file, so that the job's curve shows them too
print("\ntraining")
job = tune(client, jsonl(train), jsonl(held_out), suffix="news")
if job.status != "succeeded":
    raise SystemExit(job.error.message)

# %% After: the tuned model, and each of its checkpoints
after = report("the tuned model", ask_all(client, job.fine_tuned_model, held_out))
for point in client.fine_tuning.jobs.checkpoints.list(job.id):
    said = ask_all(client, point.fine_tuned_model_checkpoint, held_out)
    right = sum(t == s for t, s in zip(truth, said, strict=True)) / len(truth)
    loss = point.metrics.full_valid_loss
    print(
        f"checkpoint at step {point.step_number}: accuracy {right:.2f}, loss on the held-out rows {loss:.3f}"
    )

# %% Words it never saw: a model made from nothing knows no others, and guesses
UNSEEN = {
    "World": ["Zebras migrate beyond Kilimanjaro", "Monks blockade a viaduct", "Archipelago elects a regent"],
    "Sports": ["Goalkeeper shaves moustache", "Javelin hurled past bleachers", "Sculler capsizes, laughs"],
    "Business": ["Cobbler marks up clogs", "Haberdasher declares insolvency", "Vineyard leases its cellars"],
    "Sci/Tech": ["Quasar flickers beside nebula", "Enzyme unfolds under laser", "Beetle glows ultraviolet"],
}
unseen = [(text, label) for label, texts in UNSEEN.items() for text in texts]
questions = [[held_out[0][0], {"role": "user", "content": text}, {}] for text, _ in unseen]
said = ask_all(client, job.fine_tuned_model, questions)
right = sum(s == label for s, (_, label) in zip(said, unseen, strict=True))
print(f"\nheadlines of unseen words: {right} of {len(unseen)} right: {dict(Counter(said))}")
print(f"\nRESULT accuracy {before:.2f} -> {after:.2f}")
