"""`/ft` and its buttons: whatever somebody types or presses, the answer says what is wrong and what to do."""

from __future__ import annotations

import pytest

from tests.fakes.props import (
    BEN,
    assert_harmless,
    note_after,
    pressed,
    put_dataset,
    put_job,
    put_model,
    reply,
    shown,
)
from tests.fakes.stage import CHANNEL, Stage

MODEL = "ft:gpt-4o-mini-2024-07-18:acme:news:abc123"
OTHER = "ft:gpt-4o-mini-2024-07-18:acme:mood:xyz789"
ODD = "<!channel> https://evil.example *`x` \u202e"

#: What is typed after `/ft`, and words of the answer.
ANSWERS = [
    ("", ["step by step", "/ft train", "/ft cancel ID", "/ask MODEL"]),
    ("help", ["step by step", "/ft events ID"]),
    ("HELP me", ["step by step"]),
    ("dance", ["`dance` is not one of my commands", "/ft jobs"]),
    (ODD, ["is not one of my commands"]),
    ("x" * 3000, ["is not one of my commands"]),
    ("jobs", ["No jobs yet", "/ft train"]),
    ("models", ["No models yet", "/ft train"]),
    ("datasets", ["news-2", "12 rows"]),
    ("datasets mood", ["No dataset here has mood in its name", "`/ft datasets` lists them all"]),
    ("models mood", ["No model here has mood in its name"]),
    ("job", ["Say which job", "`/ft jobs` lists them"]),
    ("events", ["Say which job"]),
    ("cancel", ["Say which job"]),
    ("delete", ["Say which model", "`/ft models` lists them"]),
    ("job ftjob-404", ["There is no job ftjob-404", "`/ft jobs` lists them"]),
    ("events “ftjob-404”", ["There is no job ftjob-404"]),
    ("cancel `ftjob-404`", ["There is no job ftjob-404"]),
    ("cancel " + ODD, ["There is no job"]),
    ("delete ft:nobody", ["There is no model ft:nobody", "`/ft models` lists"]),
    ("delete " + "y" * 3000, ["There is no model"]),
    ("train nosuch", ["`dataset`: There is no dataset nosuch here", "`/ft datasets`"]),
    ("train " + ODD, ["say what it is, as in epochs=3"]),
    ("train " + "z" * 3000, ["There is no dataset"]),
    ("train <!channel>", ["There is no dataset"]),
    ("train news", ["More than one dataset starts with news", "news-2, news-1. Type more of it."]),
    ("train news-1 base=llama", ["llama is no base model here", "gpt-4o-mini-2024-07-18"]),
    ("train news-1 base=gpt", ["More than one base model starts with gpt", "Type more of it"]),
    ("train news-1 base=ft:other:model", ["There is no model ft:other:model"]),
    ("train news-1 epochs=abc", ["`epochs`: must be a whole number from 1 to 50, or auto; not abc"]),
    ("train news-1 epochs=0", ["`epochs`", "from 1 to 50"]),
    ("train news-1 --epochs=51", ["`epochs`", "from 1 to 50"]),
    ("train news-1 batch=1.5", ["`batch_size`", "whole number from 1 to 256"]),
    ("train news-1 lr=nan", ["`learning_rate`", "from 0.000001 to 1000"]),
    ("train news-1 seed=-1", ["`seed`", "from 0 to 2147483647"]),
    ("train news-1 seed=" + "9" * 3000, ["`seed`", "from 0 to 2147483647"]),
    ("train news-1 nonsense=1", ["`nonsense`: isn't an option", "epochs", "learning_rate"]),
    ("train news-1 =1", ["isn't an option"]),
    ("train news-1 news-2", ["`news-2`: say what it is, as in epochs=3"]),
    ("train news-1 epochs=3 epochs=4", ["`epochs`: is given twice"]),
    ("train news-1 suffix=“my model”", ["`suffix`: 1 to 64 letters"]),
    ("train news-1 suffix=<!here>", ["`suffix`"]),
    ("train news-1 validation=news-1", ["`validation`: Validate on other rows"]),
    ("train news-1 validation=nosuch", ["`validation`: There is no dataset nosuch"]),
    ("train news-1 method=magic", ["`method`: must be one of supervised, dpo"]),
    ("train news-1 method=dpo", ["`dataset`: news-1 holds rows for supervised, not for dpo"]),
    ("train news-1 beta=1", ["beta is for method dpo only"]),
    ('train news-1 suffix="unclosed epochs=3', ["`suffix`"]),
    ("train epochs=0 batch=0 lr=-1", ["`dataset`: Choose a dataset", "`epochs`", "`batch_size`"]),
    ("train\nnosuch", ["There is no dataset nosuch"]),
]


@pytest.mark.slow
async def test_whatever_is_typed_is_answered_with_what_is_wrong_and_what_to_do(stage: Stage) -> None:
    await put_dataset(stage, "news-1")
    await put_dataset(stage, "news-2")
    for typed, expected in ANSWERS:
        note = await reply(stage.ana, f"/ft {typed}")
        for words in expected:
            assert words in shown(note), (typed[:80], words, note["text"])
        assert_harmless(note)
        assert len(note["text"]) <= 3000
    assert stage.backend.count("POST /files") == 0
    assert not [m for m in await stage.control.channel(CHANNEL) if m.get("bot_id")]


async def test_ids_may_be_short_and_an_ambiguous_one_is_answered_with_the_candidates(stage: Stage) -> None:
    await put_job(stage, backend_id="ftjob-aaa111")
    await put_job(stage, backend_id="ftjob-aab222")
    await put_model(stage, MODEL)
    await put_model(stage, OTHER)
    assert "ftjob-aaa111" in shown(await reply(stage.ana, "/ft job FTJOB-AAA"))
    note = await reply(stage.ana, "/ft job ftjob-aa")
    assert "More than one job starts with ftjob-aa" in note["text"]
    assert "ftjob-aab222" in note["text"]
    assert "Type more of it" in note["text"]
    assert "Delete" in (await reply(stage.ana, "/ft delete abc123"))["text"]
    note = await reply(stage.ana, "/ft delete ft:gpt")
    assert "More than one model starts with ft:gpt" in note["text"]
    assert "told nothing yet" in (await reply(stage.ana, "/ft events ftjob-aaa"))["text"]


async def test_what_has_ended_or_belongs_to_somebody_else_is_refused_with_the_reason(stage: Stage) -> None:
    job = await put_job(stage, backend_id="ftjob-old")
    model = await put_model(stage, MODEL)
    note = await reply(stage.ana, "/ft cancel ftjob-old")
    assert "has ended already: succeeded" in note["text"]
    note = await reply(stage.ben, "/ft cancel ftjob-old")
    assert "Only its owner or an administrator may cancel job ftjob-old" in note["text"]
    assert "The owner is <@U0ANA00001>" in note["text"]
    note = await reply(stage.ben, f"/ft delete {model.id}")
    assert "Only its owner or an administrator may delete" in note["text"]
    question = await reply(stage.admin, f"/ft delete {model.id}")
    assert "can't be undone" in question["text"]
    kept = await stage.admin.press(question, "keep_model")
    assert kept["ok"]
    assert model.id in stage.backend.models
    assert job.id in str(await reply(stage.ben, "/ft jobs"))


async def test_buttons_of_things_that_are_gone_say_so(stage: Stage) -> None:
    await put_model(stage, MODEL)
    listed = await reply(stage.ana, "/ft models")
    question = await reply(stage.ana, f"/ft delete {MODEL}")
    await stage.ana.press(question, "delete_model_yes")
    await stage.roots()
    for action in ("ask_model", "delete_model"):
        note = await pressed(stage.ana, listed, action)
        assert f"{MODEL} was deleted" in note["text"]
        assert "`/ft models` lists what there is" in note["text"]
    assert "deleted the model" in shown((await stage.ana.notes())[1])
    notices = [m for m in await stage.control.channel(CHANNEL) if "deleted the model" in m.get("text", "")]
    assert len(notices) == 1
    dataset = await put_dataset(stage)
    card = await reply(stage.ana, "/ft datasets")
    async with stage.bot.store.begin() as tx:
        await tx.datasets.remove(dataset)
    note = await pressed(stage.ana, card, "train_dataset", dataset.id)
    assert "isn't here any more" in note["text"]


async def test_lists_turn_their_pages(stage: Stage) -> None:
    for number in range(23):
        await put_dataset(stage, f"set-{number:02}")
    for _ in range(12):
        await put_job(stage)
    first = await reply(stage.ana, "/ft datasets")
    assert "23 datasets" in first["text"]
    second = await pressed(stage.ana, first, "more_datasets")
    assert "set-12" in second["text"]
    assert "set-22" not in second["text"]
    third = await pressed(stage.ana, second, "more_datasets")
    assert "set-00" in third["text"]
    jobs = await reply(stage.ana, "/ft jobs")
    more = await pressed(stage.ana, jobs, "more_jobs")
    assert str(more["blocks"]).count("show_job") == 2


async def test_home_mentions_and_direct_messages_show_the_way(stage: Stage) -> None:
    await put_model(stage, MODEL, owner=BEN)
    await put_dataset(stage)
    await stage.ana.open_home()

    async def published() -> str | None:
        view = await stage.ana.home()
        return str(view) if view else None

    home = await stage.seen(published)
    assert MODEL in home
    assert "news" in home
    said = await stage.ana.say(CHANNEL, "hello @ft-bot <!channel>")
    (answer,) = await stage.replies(said)
    assert "step by step" in shown(answer)
    assert_harmless(answer)
    direct = await stage.ana.say("@ft-bot", "hi")

    async def answered() -> list[dict[str, str]]:
        return (await stage.control.thread(direct["channel"], direct["ts"], "ana"))[1:]

    assert "step by step" in shown((await stage.seen(answered))[0])


async def test_the_form_from_the_home_asks_for_a_channel_and_its_selects_search(stage: Stage) -> None:
    dataset = await put_dataset(stage, "news-1")
    await put_dataset(stage, "mood")
    await stage.ana.open_home()

    async def published() -> dict[str, str] | None:
        return await stage.ana.home()

    home = await stage.seen(published)
    await stage.ana.press(home, "train_dataset")
    modal = await stage.ana.modal("train")
    found = await stage.ana.suggest(modal, "dataset", "NEW")
    assert [option["value"] for option in found] == [dataset.id]
    bases = await stage.ana.suggest(modal, "base", "4.1")
    assert [option["value"] for option in bases] == ["gpt-4.1-mini-2025-04-14"]
    refused = await stage.ana.submit({"dataset": dataset.id, "channel": "C0FINETUNE", "seed": "<!channel>"})
    assert refused["errors"] == {
        "seed": "must be a whole number from 0 to 2147483647, or auto; not ‹!channel›."
    }
    assert (await stage.ana.submit({"seed": "7"}))["ok"]
    (card,) = await stage.roots()
    assert "news-1" in card["text"]


async def test_a_form_that_slack_no_longer_opens_is_answered_in_words(stage: Stage) -> None:
    await stage.control.fault("views.open", "error", error="expired_trigger_id")
    note = await reply(stage.ana, "/ft train")
    assert "too long" in note["text"]
    assert "again" in note["text"]
    before = len(await stage.ana.notes())
    await stage.ana.command(CHANNEL, "/ft", "train")
    assert await stage.ana.modal("train")
    with pytest.raises(TimeoutError):
        await note_after(stage.ana, before, seconds=0.2)
