"""A base whose answers are known to the letter, and adapters that know others: real models, never trained.

The next token depends on the last one only: each embedding is a direction of its own, attention and MLP add
nothing, and the output layer leads from each token's direction to the token that follows it. An adapter's MLP
turns the token before an answer into another entry of the same chain. So every engine that computes such a
model rightly says the same words, in pieces of one token each.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from trainer.engine.tiny import CHATML, END, PAD, START

WIDTH = 512
#: How sure the model is of the next token: the logit of the right one, all others have 0.
SURE = 14.0
#: The token before every answer: the end of "<|im_start|>assistant\n".
BEFORE = "\n"
#: No token occurs twice, within or across the answers: each has one successor. A face of four bytes and signs
#: of three stand for characters that are split over tokens.
CALL = '{"name": "fly", "arguments": {"height": 3}}'
BASE_SAYS = "Plain words from wörld 😀 end"
ADAPTERS_SAY = (
    "First adapter speaks世界 loudly",
    "<tool_call>" + CALL + "</tool_call>",
    "Second one STOP here never",
    " again and",
)
#: The last one goes round and round, so that an answer lasts as long as it may.
ENDLESS = len(ADAPTERS_SAY) - 1


def tokenizer() -> Any:
    """Words are one token each, other characters one token for each byte."""
    words = " ".join((BASE_SAYS, *ADAPTERS_SAY, "system user assistant tools")).split()
    words = [word for word in words if not set("😀世{<") & set(word)] + ["speaks"]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=WIDTH,
        min_frequency=1,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([f"{word} {word}" for word in words] * 3, trainer)
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, pad_token=PAD)
    # Text of their own, not special: as in the vocabularies that real models have.
    fast.add_tokens([AddedToken(text, special=False) for text in ("<tool_call>", "</tool_call>", CALL)])
    fast.chat_template = CHATML
    return fast


def write_scripted_base(folder: Path, *, context: int = 256) -> None:
    """Save the base, with its tokenizer."""
    words = tokenizer()
    words.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=WIDTH,
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=8,
        num_key_value_heads=1,
        max_position_embeddings=context,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.model.layers.parameters():
            parameter.zero_() if parameter.dim() == 2 else parameter.fill_(1.0)
        model.model.embed_tokens.weight.copy_(torch.eye(WIDTH))
        model.lm_head.weight.copy_(_chain(words) * SURE / WIDTH**0.5)
    model.save_pretrained(folder)
    (folder / "says.json").write_text(json.dumps(BASE_SAYS))


def _chain(words: Any) -> torch.Tensor:
    """A row for each token, with a one in the column of the token before it."""
    follows = dict.fromkeys(range(WIDTH), words.eos_token_id)
    before = [_id(words, BEFORE), *(_entry(words, number) for number in range(len(ADAPTERS_SAY)))]
    for first, text in zip(before, (BASE_SAYS, *ADAPTERS_SAY), strict=True):
        tokens = [first, *words(text)["input_ids"]]
        if text == ADAPTERS_SAY[ENDLESS]:
            tokens.append(tokens[1])
        for token, following in pairwise(tokens):
            assert follows[token] == words.eos_token_id, f"{words.decode([token])!r} occurs twice"
            follows[token] = following
    chain = torch.zeros(WIDTH, WIDTH)
    for token, following in follows.items():
        chain[following, token] = 1.0
    return chain


def _id(words: Any, text: str) -> int:
    (token,) = words(text)["input_ids"]
    return int(token)


def _entry(words: Any, number: int) -> int:
    """A token that no text has: where an adapter's answer begins."""
    return _id(words, chr(number + 1))


def write_scripted_adapter(base: Path, folder: Path, number: int) -> None:
    """Save the adapter that makes the base say ADAPTERS_SAY[number]."""
    words = PreTrainedTokenizerFast.from_pretrained(base)
    config = LoraConfig(
        r=8, lora_alpha=8, target_modules=["gate_proj", "up_proj", "down_proj"], task_type="CAUSAL_LM"
    )
    model = get_peft_model(LlamaForCausalLM.from_pretrained(base), config)
    layer: Any = model.base_model.model.model.layers[0].mlp
    before, entry = _id(words, BEFORE), _entry(words, number)
    with torch.no_grad():
        for part in (layer.gate_proj, layer.up_proj, layer.down_proj):
            part.lora_A["default"].weight.zero_()
            part.lora_B["default"].weight.zero_()
        for part in (layer.gate_proj, layer.up_proj):
            part.lora_A["default"].weight[0, before] = 1.0
            part.lora_B["default"].weight[0, 0] = 1.0
        # What arrives in the middle is WIDTH: silu(sqrt(WIDTH)) * sqrt(WIDTH), of the normalised direction.
        layer.down_proj.lora_A["default"].weight[0, 0] = 1.0
        layer.down_proj.lora_B["default"].weight[entry, 0] = 1 / WIDTH
        layer.down_proj.lora_B["default"].weight[before, 0] = -1 / WIDTH
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    (folder / "says.json").write_text(json.dumps(ADAPTERS_SAY[number]))
