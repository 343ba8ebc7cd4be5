"""Drop a file, train, follow, ask: as a person in the channel does it."""

from __future__ import annotations

from tests.fakes.stage import CHANNEL, Stage, rows


async def test_a_dropped_file_is_kept_and_answered_in_its_thread_with_a_train_button(stage: Stage) -> None:
    card = await stage.dataset()
    assert "Kept as `news`" in card["text"]
    assert "12 rows" in card["text"]
    assert "train_dataset" in str(card["blocks"])


async def test_a_file_that_comes_with_a_mention_is_answered_once(stage: Stage) -> None:
    dropped = await stage.ana.drop(CHANNEL, "news.jsonl", rows(), comment="here it is, @ft-bot")
    await stage.replies(dropped)
    await stage.settle()
    (card,) = await stage.replies(dropped)
    assert "Kept as `news`" in card["text"]


async def test_a_broken_file_is_answered_with_its_rows_and_not_kept(stage: Stage) -> None:
    dropped = await stage.ana.drop(CHANNEL, "bad.jsonl", rows(11) + b'{"messages": [{"role": "user"}]}\n')
    (card,) = await stage.replies(dropped)
    assert "row 12" in card["text"]
    assert "train_dataset" not in str(card["blocks"])
    await stage.ana.command(CHANNEL, "/ft", "datasets")
    assert "bad" not in (await stage.note(stage.ana))["text"]


async def test_the_form_starts_one_job_with_its_thread_and_names_the_wrong_field(stage: Stage) -> None:
    card = await stage.dataset()
    await stage.ana.press(card, "train_dataset")
    await stage.ana.modal("train")
    refused = await stage.ana.submit({"n_epochs": "many"})
    assert "n_epochs" in refused["errors"]
    assert (await stage.ana.submit({"n_epochs": "3", "suffix": "news"}))["ok"]
    (job_card,) = await stage.roots()
    assert "news" in job_card["text"]
    await stage.settle()
    (made,) = stage.backend.jobs.values()
    assert made.request["suffix"] == "news"
    assert made.request["method"]["supervised"]["hyperparameters"]["n_epochs"] == 3
    assert made.request["metadata"]["ft_bot_owner"] == "U0ANA00001"


async def test_a_job_is_told_in_its_thread_up_to_its_model(stage: Stage) -> None:
    await stage.dataset()
    root = await stage.job()
    await stage.seen(stage._job_is_there)
    job_id = stage.backend_job()
    for _ in range(3):
        stage.backend.advance(job_id)
        await stage.settle(2)
    model = stage.backend.finish(job_id)
    await stage.settle(10)
    told = [message["text"] for message in await stage.replies(root, 4)]
    assert "started" in told[0]
    assert "First numbers" in told[1]
    assert any("Checkpoint" in text for text in told)
    assert "<@U0ANA00001>" in told[-1]
    assert model in told[-1]
    assert len(told) == len(set(told))


async def test_an_answer_streams_into_the_thread_of_its_question(stage: Stage) -> None:
    model = await stage.model()
    stage.backend.answer = "Sports, I <!channel> think: [see](https://example.org)"
    before = len(await stage.roots())
    await stage.ben.command(CHANNEL, "/ask", f"{model} Who won?")
    question = (await stage.roots(before + 1))[-1]
    assert "<@U0BEN00001>" in question["text"]

    async def finished() -> dict[str, object] | None:
        thread = await stage.control.thread(CHANNEL, question["ts"])
        return thread[1] if len(thread) > 1 and "asked by" in str(thread[1].get("blocks")) else None

    answer = await stage.seen(finished)
    assert "Sports" in answer["text"]
    assert "<!channel>" not in answer["text"]
    assert "](" not in answer["text"]


async def test_only_the_owner_or_an_administrator_cancels(stage: Stage) -> None:
    await stage.dataset()
    root = await stage.job()
    await stage.seen(stage._job_is_there)
    job_id = stage.backend_job()
    stage.backend.advance(job_id)
    await stage.settle()
    await stage.ben.command(CHANNEL, "/ft", f"cancel {job_id}")
    await stage.note(stage.ben, "Only its owner")
    assert stage.backend.jobs[job_id].body["status"] != "cancelled"
    await stage.admin.command(CHANNEL, "/ft", f"cancel {job_id[:14]}")
    question = await stage.note(stage.admin, "Cancel")
    await stage.admin.press(question, "cancel_job_yes")
    await stage.seen(lambda: _cancelled(stage, job_id))
    await stage.settle()
    told = [message["text"] for message in await stage.replies(root)]
    assert "<@U0ADMIN001>" in told[-1]
    assert "ancelled" in told[-1]


async def test_a_deleted_model_leaves_a_line_in_the_channel_and_answers_no_more(stage: Stage) -> None:
    model = await stage.model()
    await stage.ben.command(CHANNEL, "/ft", f"delete {model}")
    await stage.note(stage.ben, "Only its owner")
    before = len(await stage.roots())
    await stage.ana.command(CHANNEL, "/ft", f"delete {model}")
    await stage.ana.press(await stage.note(stage.ana, "can't be undone"), "delete_model_yes")
    line = (await stage.roots(before + 1))[-1]
    assert "deleted the model" in line["text"]
    assert model not in stage.backend.models
    await stage.ben.command(CHANNEL, "/ask", f"{model} still there?")
    await stage.note(stage.ben, "was deleted")


async def _cancelled(stage: Stage, job_id: str) -> bool:
    return bool(stage.backend.jobs[job_id].body["status"] == "cancelled")
