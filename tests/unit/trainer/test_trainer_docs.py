"""The page about the trainer names every setting there is."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from trainer.settings import Base, Limits, Ray, Serving, Training, Webhook

PAGE = (Path(__file__).parents[3] / "docs" / "trainer.md").read_text()


@pytest.mark.parametrize("section", [Base, Limits, Ray, Serving, Training, Webhook])
def test_every_setting_is_on_the_page(section: type) -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert {field.name for field in fields(section)} - {"name"} <= named
