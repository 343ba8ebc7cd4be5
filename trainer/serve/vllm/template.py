"""Prints what a model's chat template needs to be known of as JSON: the server itself loads no tokenizer.

python -m trainer.serve.vllm.template SOURCE [--trust-remote-code]
"""

import json
import os
import sys


def main() -> None:
    """Keep the output for the answer, and let whatever a library prints go to the log."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from transformers import AutoTokenizer

    from trainer import chat, habits

    source, trust = sys.argv[1], "--trust-remote-code" in sys.argv[2:]
    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=trust)
    json.dump({"special": chat.special_tokens(tokenizer), **habits.of(tokenizer)._asdict()}, output)
    output.flush()


if __name__ == "__main__":
    main()
