"""Token counts: exact against tiktoken, and the arithmetic of the data preparation notebook."""

from __future__ import annotations

import base64
import gzip
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from dataset_rows import chat
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.datasets import check_file
from tuning.datasets.tokens import count_texts, default_epochs

# As in tiktoken's openai_public: the split patterns of the two encodings.
PATTERNS = {
    "cl100k_base": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "o200k_base": "|".join(
        [
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    ),
}
ALPHABET = st.text(
    st.characters(max_codepoint=0x2FFF, exclude_categories=("Cs", "Cn"))
    | st.sampled_from("  \n\t'sS.,/aeio19"),
    max_size=60,
)


@pytest.fixture(scope="session", params=sorted(PATTERNS))
def reference(request: pytest.FixtureRequest) -> tiktoken.Encoding:
    """tiktoken itself, over the vocabulary that the bpe-openai wheel carries."""
    name = request.param
    packed = resources.files("bpe_openai").joinpath("data", f"{name}.tiktoken.gz").read_bytes()
    pairs = (line.split() for line in gzip.decompress(packed).splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    return tiktoken.Encoding(name, pat_str=PATTERNS[name], mergeable_ranks=ranks, special_tokens={})


@settings(max_examples=400, deadline=None)
@given(texts=st.lists(ALPHABET, min_size=1, max_size=20))
def test_counts_equal_tiktoken_on_any_text(reference: tiktoken.Encoding, texts: list[str]):
    assert count_texts(texts, reference.name) == [len(reference.encode_ordinary(text)) for text in texts]


def test_counts_equal_tiktoken_on_real_files(reference: tiktoken.Encoding):
    root = Path(__file__).parents[3]
    paths = [*root.glob("examples/*.jsonl"), *root.glob("tuning/**/*.py"), root / "LICENSE"]
    texts = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines(keepends=True)]
    assert len(texts) > 1000
    assert count_texts(texts, reference.name) == [len(reference.encode_ordinary(text)) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "<|endoftext|>",
        "\ud800",
        "a\udfffb",
        " " * 5000,
        "a" * 20000,
        "\u0e01" * 999,
        "🧠🇩🇪👩‍👩‍👧",
        "1234567890" * 50,
    ],
)
def test_counts_equal_tiktoken_on_awkward_text(reference: tiktoken.Encoding, text: str):
    assert count_texts([text, "after"], reference.name)[0] == len(reference.encode_ordinary(text))


def notebook_tokens(encoding: tiktoken.Encoding, row: dict[str, Any]) -> int:
    """The rule as the data preparation notebook states it."""
    tokens = 3
    for message in row["messages"]:
        tokens += 3 + sum(len(encoding.encode_ordinary(value)) for value in message.values())
        tokens += 1 if "name" in message else 0
    return tokens


def test_examples_are_counted_by_the_notebooks_rule(reference: tiktoken.Encoding, write):
    rows = [
        chat(
            ("system", "You see the good side of everything."),
            ("user", "It rains."),
            ("assistant", "Puddles!"),
        ),
        chat(("user", "No system message here."), ("assistant", "Right.")),
        chat(("system", "No user message here."), ("assistant", "Right, too.")),
        {
            "messages": [
                {"role": "user", "name": "ada", "content": "Who am I?"},
                {"role": "assistant", "content": "A"},
            ]
        },
        chat(("user", "Long, please."), ("assistant", "Eat a plum! " * 500)),
    ]
    tokens = [notebook_tokens(reference, row) for row in rows]
    report = check_file(write(*rows), encoding=reference.name, max_tokens=1024)
    assert (report.tokens.min, report.tokens.max, report.tokens.total) == (
        min(tokens),
        max(tokens),
        sum(tokens),
    )
    assert tokens[4] > 1024 > max(tokens[:4])
    assert report.over_limit == 1
    assert report.billable_tokens == sum(tokens[:4]) + 1024
    assert (report.epochs, report.charged_tokens) == (20, 20 * report.billable_tokens)
    assert (report.missing_system, report.missing_user) == (3, 1)
    assert f"{tokens[4] - 1024:,} are over the limit of 1,024" in next(
        finding.message for finding in report.findings if finding.code == "over_limit"
    )


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [(0, 1), (1, 25), (4, 25), (5, 20), (10, 10), (33, 3), (34, 3), (8333, 3), (8334, 2), (25001, 1)],
)
def test_default_epochs_follow_the_notebook(examples: int, epochs: int):
    assert default_epochs(examples) == epochs


def test_percentiles_are_the_5th_and_95th_interpolated_linearly(write):
    rows = [chat(("user", "a" * 1), ("assistant", "b " * n)) for n in range(1, 102)]
    tokens = check_file(write(*rows)).tokens
    assert tokens.p5 == tokens.min + 5
    assert tokens.median == tokens.mean == tokens.min + 50
    assert tokens.p95 == tokens.max - 5
    assert sum(count for _, _, count in tokens.histogram) == 101
