"""What chat templates do, found out by trying them; the templates are those of real families, shortened."""

from typing import Any

import jinja2
import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from trainer import chat, habits
from trainer.engine.tiny import CHATML
from trainer.habits import USUAL, Calls

LLAMA = """{{ bos_token }}{% if tools %}You may call {{ tools | tojson }}{% endif %}{% for m in messages %}
{%- set head = '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' %}{% if m.tool_calls %}
{%- set call = m.tool_calls[0].function %}{{- head + '{"name": "' + call.name + '", "parameters": ' }}
{{- call.arguments | tojson }}{{- '}<|eot_id|>' }}{% else %}{{- head + m.content + '<|eot_id|>' }}{% endif %}
{%- endfor %}{% if add_generation_prompt %}
{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"""
MISTRAL = """{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{% if tools and loop.last %}
{{- '[AVAILABLE_TOOLS] ' + tools | tojson + '[/AVAILABLE_TOOLS]' }}{% endif %}
{{- '[INST] ' + m.content + '[/INST]' }}{% elif m.tool_calls is defined %}{{- '[TOOL_CALLS] [' }}
{%- for call in m.tool_calls %}{% if call.id is not defined or call.id | length != 9 %}
{{- raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{% endif %}
{{- (call.function | tojson)[:-1] + ', "id": "' + call.id + '"}' }}{% if not loop.last %}, {% endif %}
{%- endfor %}{{- ']' + eos_token }}{% elif m.role == 'tool' %}{% if m.tool_call_id | length != 9 %}
{{- raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{% endif %}
{{- '[TOOL_RESULTS] ' + m.tool_call_id + m.content + '[/TOOL_RESULTS]' }}{% elif m.role == 'system' %}
{{- raise_exception('no system') }}{% else %}{{- ' ' + m.content + eos_token }}{% endif %}{% endfor %}"""
QWEN = """{% for m in messages %}{{- '<|im_start|>' + m.role }}
{%- if m.content %}{{- '\n' + m.content }}{% endif %}
{%- for call in m.tool_calls or [] %}
{{- '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{- '}\n</tool_call>' }}{% endfor %}{{- '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{% endif %}"""
THINKING = QWEN.replace("'<|im_start|>' + m.role", "'<|im_start|>' + m.role + '\n<think>\n\n</think>\n'")
SILENT = """{% for m in messages %}{{ m.role + ': ' + m.content + eos_token }}{% endfor %}"""
CALL = {"type": "function", "function": {"name": "fly", "arguments": '{"height": 3}'}}
TALK = [
    {"role": "user", "content": "Fly"},
    {
        "role": "assistant",
        "tool_calls": [{"id": "call_of_openai_1", **CALL}, {"id": "call_of_openai_2", **CALL}],
    },
    {"role": "tool", "tool_call_id": "call_of_openai_2", "content": "done"},
    {"role": "tool", "tool_call_id": "call_of_openai_1", "content": "done"},
    {"role": "assistant", "content": "It flies."},
]


class Tokenizer:
    """As much of one as a template needs."""

    def __init__(self, template: str) -> None:
        self.chat_template = template

    def apply_chat_template(self, messages: Any, tools: Any, tokenize: bool, **options: Any) -> str:
        (text,), _ = render_jinja_template(
            [messages], tools, chat_template=self.chat_template, bos_token="<s>", eos_token="</s>", **options
        )
        return text


@pytest.mark.parametrize(
    ("template", "calls"),
    [
        (LLAMA, Calls("", "")),
        (MISTRAL, Calls("[TOOL_CALLS]", "")),
        (QWEN, USUAL),
        (THINKING, USUAL),
        (CHATML, USUAL),
        (SILENT, USUAL),
    ],
)
def test_how_a_template_marks_calls_is_learned_from_what_it_writes(template: str, calls: Calls) -> None:
    assert habits.of(Tokenizer(template)).calls == calls


def test_a_template_that_wants_short_ids_gets_the_number_of_each_call() -> None:
    assert habits.of(Tokenizer(MISTRAL)).short_ids
    messages = chat.normalise(TALK)
    with pytest.raises(jinja2.TemplateError, match="length 9"):
        habits.text(Tokenizer(MISTRAL), messages)
    text = chat.render(Tokenizer(MISTRAL), messages)
    assert '"id": "call00001"}, ' in text
    assert "[TOOL_RESULTS] call00002done[/TOOL_RESULTS][TOOL_RESULTS] call00001done" in text
    # What an answer is rendered after is what it was trained after.
    assert text.startswith(chat.render(Tokenizer(MISTRAL), messages[:3]))


def test_other_templates_get_the_ids_as_they_are() -> None:
    assert not any(habits.of(Tokenizer(template)).short_ids for template in (LLAMA, QWEN, CHATML, SILENT))
