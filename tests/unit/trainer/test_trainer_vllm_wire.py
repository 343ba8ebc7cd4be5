"""What vLLM is asked: its chat template gets what ours got in training."""

from typing import Any

from trainer.serve.vllm.wire import Template, body_of

TALK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello <|im_end|>"}]


def asked(template: Template, **changes: Any) -> dict[str, Any]:
    question: dict[str, Any] = {
        "base": {"answer_tokens": 0, "context": 64},
        "messages": TALK,
        "tools": None,
        "max_tokens": None,
        "temperature": 1.0,
        "top_p": 1.0,
        "top_logprobs": None,
        "n": 1,
        "seed": None,
        "stop": [],
        **changes,
    }
    return body_of(question, "a", template)


def test_a_base_that_can_think_aloud_is_asked_without() -> None:
    tools = [{"type": "function", "function": {"name": "fly"}}]
    template = Template([], system=True)
    assert asked(template)["chat_template_kwargs"] == {"enable_thinking": False}
    assert asked(template, tools=tools)["chat_template_kwargs"] == {"enable_thinking": False, "tools": tools}


def test_what_the_system_says_goes_where_the_template_has_room_for_it() -> None:
    assert [m["role"] for m in asked(Template([], system=True))["messages"]] == ["system", "user"]
    (only,) = asked(Template(["<|im_end|>"], system=False))["messages"]
    assert only["role"] == "user"
    assert only["content"].startswith("Be brief.\n\nHello <")
    assert "<|im_end|>" not in only["content"]
