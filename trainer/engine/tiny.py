"""The tiny base: a model of about a million parameters that needs no download.

Its weights are random, made from a fixed seed; its vocabulary is learned from the training file, so that a
word of the file is one token or two. It memorises what it is shown and knows nothing else.
"""

from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 2048
WEIGHTS_SEED = 20260107
# With the usual 0.02 the same loss takes about three times as many steps (120 headlines, batch 8).
SPREAD = 0.06
END, START, PAD = "<|im_end|>", "<|im_start|>", "<|endoftext|>"
UNTRAINED_TEXT = """The tiny base has random weights and has read nothing but these lines. Ask it a question
and it answers with noise. Give it ten examples or more and it learns to repeat them. What is the answer? The
answer is yes, no, or something else. Words make sentences, and sentences make a conversation."""

CHATML = """{%- if tools %}{{- '<|im_start|>tools\n' }}{%- for tool in tools %}
{{- tool.function | default(tool) | tojson }}{{- '\n' }}{%- endfor %}{{- '<|im_end|>\n' }}{%- endif %}
{%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + (message.content or '') }}
{%- for call in message.tool_calls or [] %}{{- '<tool_call>' }}
{{- {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}{{- '</tool_call>' }}
{%- endfor %}{{- '<|im_end|>\n' }}{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"""


def tokenizer(texts: list[str]) -> Any:
    """A byte-level BPE vocabulary learned from the texts; it can spell anything."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, pad_token=PAD)  # type: ignore[no-untyped-call]
    fast.chat_template = CHATML
    return fast


def model(context: int) -> Any:
    """The untrained model; the same weights each time, whatever random state the caller is in."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(WEIGHTS_SEED)
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=VOCABULARY,
                hidden_size=128,
                initializer_range=SPREAD,
                intermediate_size=352,
                num_hidden_layers=5,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=context,
                tie_word_embeddings=True,
                bos_token_id=None,
                eos_token_id=2,
                pad_token_id=0,
            )
        )


def untrained(context: int) -> tuple[Any, Any]:
    """Model and tokenizer of the base itself, for who asks it a question."""
    return model(context), tokenizer([UNTRAINED_TEXT])
