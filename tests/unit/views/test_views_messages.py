"""What a person reads and can press, in each situation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from views_limits import buttons, check_view, shown
from views_samples import MODEL, NOW, ask, dataset, drop, finding, job, model, plan, report

from tuning.errors import BackendKeyRejected, Invalid
from tuning.library import Listed
from tuning.policy import Action, NotAllowedTo
from tuning.records import DropState, Event, Hyperparameters, Progress, Status
from views.ask import answer_final, footer, question, unknown_model
from views.datasets import dataset_list
from views.drops import drop_card
from views.errors import problem, unexpected
from views.help import help_text
from views.home import home
from views.job_card import card
from views.jobs import confirm_cancel, events, job_list
from views.milestones import milestone
from views.modals import options, train_modal
from views.models import confirm_delete, deleted_notice, model_list

ASK = f"`/ask {MODEL} your question`"


def test_a_running_jobs_card_tells_how_far_it_is() -> None:
    message = card(job(), NOW)
    text = shown(message)
    for words in ("*Training*", "60%", "step 60 of 100", "0.5321", "█▆▃▁", "about 4 min left", "Step 60/100"):
        assert words in text
    for words in ("*Epochs*\nauto", "$0.04 to $0.15 · 12,345 tokens", "<@U1ANNA>", "`ftjob-abc`"):
        assert words in text
    assert "step 60 of 100" in message.text
    assert buttons(message) == [("job_events", "pl1"), ("cancel_job", "pl1")]


def test_cancelling_asks_first_and_is_marked_as_dangerous() -> None:
    button = card(job()).blocks[-1]["elements"][1]
    assert button["style"] == "danger"
    assert button["confirm"]["confirm"]["text"] == "Cancel the job"
    assert buttons(confirm_cancel(job())) == [("cancel_job_yes", "pl1"), ("keep_job", "pl1")]


@pytest.mark.parametrize("status", list(Status))
def test_only_a_job_that_can_still_stop_has_a_cancel_button(status: Status) -> None:
    ended = status in (Status.succeeded, Status.failed, Status.cancelled)
    for message in (card(job(status=status)), job_list([job(status=status)])):
        assert (("cancel_job", "pl1") in buttons(message)) is not ended
    asked = card(job(status=status, cancel_requested_by="U2BEN"))
    assert ("cancel_job", "pl1") not in buttons(asked)
    assert ("Cancelling* · asked for by <@U2BEN>" in shown(asked)) is not ended


def test_an_unknown_status_is_shown_as_the_backend_wrote_it() -> None:
    message = card(job(status="rate_limited <!here>"))
    assert "rate_limited &lt;!here&gt; (the backend's word)" in shown(message)


def test_chosen_settings_stand_on_the_card() -> None:
    chosen = plan(
        hyperparameters=Hyperparameters(3, 8, 0.5, 0.1), suffix="news-v2", seed=7, validation_name="held"
    )
    text = shown(card(job(plan=chosen)))
    for words in ("*Epochs*\n3", "*Batch size*\n8", "*Learning rate ×*\n0.5", "*Beta*\n0.1", "*Seed*\n7"):
        assert words in text
    assert "`news-v2`" in text
    assert "`held`" in text


def test_a_card_without_any_numbers_shows_no_bar() -> None:
    text = shown(card(job(status="queued", progress=Progress(), estimated_finish=None, last_message="")))
    assert "░" not in text
    assert "step" not in text


def test_trouble_is_told_in_plain_words() -> None:
    message = card(job(trouble="The backend can't be reached."))
    assert "I keep trying. The backend can't be reached." in shown(message)
    assert "I keep trying. The backend can't be reached." in message.text


def test_a_succeeded_jobs_card_shows_what_to_type() -> None:
    message = card(
        job(status="succeeded", model=MODEL, finished_at=NOW + timedelta(minutes=5), trained_tokens=18000)
    )
    assert ASK in shown(message)
    assert "took 5 min" in shown(message)
    assert "18,000" in shown(message)
    assert buttons(message) == [("ask_model", MODEL), ("job_events", "pl1"), ("delete_model", MODEL)]
    assert message.blocks[-1]["elements"][2]["confirm"]["title"]["text"] == "Delete this model?"


def test_a_failed_jobs_card_says_why_and_what_to_do() -> None:
    message = card(job(status="failed", error_code="unsafe_file", error_message="Refused."))
    assert "Refused. (`unsafe_file`)" in shown(message)
    assert "take out those examples" in shown(message)
    assert "Refused." in message.text


def test_the_end_mentions_the_owner_and_shows_what_to_type() -> None:
    told = milestone(
        {"kind": "succeeded", "owner": "U1ANNA", "model": MODEL, "job_id": "pl1", "seconds": 300}
    )
    assert told.text.startswith("✅ <@U1ANNA>")
    assert ASK in told.text
    assert buttons(told) == [("ask_model", MODEL), ("job_events", "pl1")]
    failed = milestone(
        {"kind": "failed", "owner": "U1ANNA", "code": "invalid_n_examples", "message": "Only 3."}
    )
    assert "<@U1ANNA>" in failed.text
    assert "Only 3. (`invalid_n_examples`)" in failed.text
    assert "at least 10" in failed.text
    stopped = milestone({"kind": "cancelled", "by": "U2BEN", "step": 5, "total_steps": 9})
    assert "cancelled by <@U2BEN> at step 5 of 9" in stopped.text


def test_milestones_on_the_way_say_what_happened() -> None:
    assert (
        "Training has started: `news` → `base`"
        in milestone({"kind": "started", "dataset": "news", "base": "base"}).text
    )
    assert (
        "step 1 of 9 · training loss 2.5"
        in milestone({"kind": "first_metrics", "step": 1, "total_steps": 9, "train_loss": 2.5}).text
    )
    assert (
        f"`/ask {MODEL}:ckpt-step-5 your question`"
        in milestone({"kind": "checkpoint", "checkpoint": f"{MODEL}:ckpt-step-5"}).text
    )
    assert "warns: Row 3" in milestone({"kind": "warning", "message": "Row 3"}).text


@pytest.mark.parametrize(
    "kind", ["started", "first_metrics", "checkpoint", "warning", "succeeded", "failed", "new"]
)
def test_a_milestone_without_details_still_reads_well(kind: str) -> None:
    text = milestone({"kind": kind}).text
    assert "None" not in text
    assert "  " not in text
    assert len(text) > 10


def test_lists_carry_ids_in_their_buttons() -> None:
    assert buttons(job_list([job()]))[0] == ("show_job", "pl1")
    assert buttons(dataset_list(Listed([dataset()], 1))) == [
        ("train_dataset", "ds1"),
        ("show_dataset", "ds1"),
    ]
    assert buttons(model_list([model()])) == [
        ("ask_model", MODEL),
        ("show_job", "pl1"),
        ("delete_model", MODEL),
    ]


def test_empty_lists_say_what_to_do() -> None:
    assert "`/ft train`" in job_list([]).text
    assert "Drop a JSONL file" in dataset_list(Listed([], 0)).text
    assert "`/ft train`" in model_list([]).text


def test_every_row_of_a_long_list_is_reached_by_its_more_button() -> None:
    jobs = [job(id=f"pl{number}") for number in range(25)]
    seen: list[str | None] = []
    start: int | None = 0
    while start is not None:
        pressed = buttons(job_list(jobs, start))
        seen += [value for name, value in pressed if name == "show_job"]
        start = next((int(value or 0) for name, value in pressed if name == "more_jobs"), None)
    assert seen == [one.id for one in jobs]


def test_events_show_time_level_and_words() -> None:
    told = [
        Event("e1", NOW, "info", "message", "Job queued"),
        Event("e2", NOW, "error", "message", "No *space*"),
    ]
    text = shown(events(job(), told))
    assert "Job queued" in text
    assert "❌ Error: No ∗space∗" in text
    assert "<!date^" in text
    assert "told nothing yet" in events(job(), []).text


def test_a_file_that_is_being_checked_says_so() -> None:
    assert (
        "Checking `news_train.jsonl` (24.0 kB)" in drop_card(drop(state=DropState.received, report=None)).text
    )


def test_a_kept_dataset_shows_counts_prices_and_a_train_button() -> None:
    message = drop_card(drop(), dataset(), ["gpt-4o-mini-2024-07-18", "own-base"])
    text = shown(message)
    for words in (
        "*Rows*\n120",
        "6,000 (o200k",
        "30 to 120, median 48",
        "in 3 epochs",
        "Kept as `news",
    ):
        assert words in text
    assert "`gpt-4o-mini-2024-07-18`  about *$0.05* ($0.02 to $0.07)" in text
    assert "`own-base`  no price on record" in text
    assert "about *$0.05*" in message.text
    assert buttons(message) == [("train_dataset", "ds1"), ("show_dataset", "ds1")]


def test_warnings_and_labels_are_shown_with_row_numbers() -> None:
    doubtful = finding(severity="warning", code="blank_line", row=1234, path="", message="Delete the line.")
    checked = report(
        warnings=5, findings=(doubtful,), codes={"blank_line": 5}, labels={"Sports": 30, "World": 31}
    )
    text = shown(drop_card(drop(report=checked), dataset()))
    assert "*5 warnings*" in text
    assert "*row 1234*: Delete the line." in text
    assert "and 4 more" in text
    assert "*Answers:* `World` 31, `Sports` 30" in text


def test_a_second_version_is_named_as_one() -> None:
    both = dataset()
    second = replace(both.versions[0], id="v2", number=2)
    message = drop_card(drop(version_id="v2"), replace(both, versions=(*both.versions, second)))
    assert "`news_train`, version 2" in message.text


def test_a_rejected_file_shows_the_first_rows_of_each_fault_and_what_to_do() -> None:
    faults = tuple(finding(row=row) for row in (3, 4, 9, 12))
    checked = report(ok=False, errors=6, findings=faults, codes={"unrecognized_role": 6})
    message = drop_card(drop(state=DropState.rejected, report=checked, dataset_id=None))
    for text in (shown(message), message.text):
        assert "6 errors in 120 rows" in text
        assert "*row 3* at `messages[0].role`: The role is `bot`." in text
        assert "row 12" not in text
        assert "… and 3 more" in text
        assert "fix these and drop the file into this thread" in text
    assert buttons(message) == []


def test_a_known_file_names_its_dataset_even_without_a_report() -> None:
    message = drop_card(drop(known=True, report=None), dataset())
    assert "already here as `news_train`, owned by <@U1ANNA>" in message.text
    assert buttons(message) == [("train_dataset", "ds1"), ("show_dataset", "ds1")]


def test_a_file_that_could_not_be_checked_says_why() -> None:
    message = drop_card(drop(state=DropState.failed, report=None, problem="Slack said `file_deleted`."))
    assert "Slack said `file_deleted`." in message.text
    untold = drop_card(drop(state=DropState.failed, report=None, problem=""))
    assert "Drop it again" in untold.text


def test_a_question_is_quoted_under_its_asker() -> None:
    message = question("U2BEN", MODEL, "What\nis <!here>?")
    assert message.text == f"<@U2BEN> asks `{MODEL}`:\n> What\n> is &lt;!here&gt;?"


def test_an_answers_footer_names_model_asker_tokens_and_cost() -> None:
    text = json.dumps(footer(ask(usd=0.25)))
    for words in (MODEL, "asked by <@U2BEN>", "1,200 tokens in, 3 out", "$0.25"):
        assert words in text
    assert "$" not in json.dumps(footer(ask(usd=None)))


def test_a_long_answer_is_cut_into_messages_and_only_the_last_has_the_footer() -> None:
    messages = answer_final("A sentence of words. " * 500, ask())
    assert len(messages) == 4
    assert [len(message.blocks) for message in messages] == [1, 1, 1, 2]
    assert "nothing" in answer_final(" \n", ask())[0].text


def test_an_answers_markdown_becomes_slacks_outside_code() -> None:
    answer = answer_final("# News\n**Sports** and `a**b**`\n```\n# not a heading\n**x**\n```", ask())[0].text
    assert answer == "*News*\n*Sports* and `a**b**`\n```\n# not a heading\n**x**\n```"


def test_an_unknown_model_is_answered_with_those_that_work() -> None:
    message = unknown_model("ft:other", [model()] * 12)
    assert "no model `ft:other`" in message.text
    assert f"`{MODEL}`" in message.text
    assert "2 more: `/ft models`" in message.text
    assert buttons(message)[0] == ("ask_model", MODEL)
    assert "Which model?" in unknown_model(" ", [model()]).text
    assert "`/ft train`" in unknown_model("x", []).text


def test_an_error_says_what_went_wrong_and_what_to_do() -> None:
    refused = problem(NotAllowedTo(Action.cancel, "ftjob-abc", "U1ANNA")).text
    assert "may cancel ftjob-abc" in refused
    assert "The owner is <@U1ANNA>." in refused
    assert "`ft-bot doctor`" in problem(BackendKeyRejected()).text
    assert "• `epochs`: 1 to 50" in problem(Invalid({"epochs": "1 to 50"})).text
    assert "`ref-1`" in unexpected("ref-1").text


def test_a_deletion_is_asked_for_and_told() -> None:
    assert buttons(confirm_delete(model())) == [("delete_model_yes", MODEL), ("keep_model", MODEL)]
    assert deleted_notice(model(), "U1ANNA").text.startswith(f"🗑️ <@U1ANNA> deleted the model `{MODEL}`.")
    assert "owned by <@U1ANNA>" in deleted_notice(model(), "U9ADMIN").text


def test_help_shows_every_command_and_names_a_wrong_one() -> None:
    message = help_text([("/ft jobs", "Lists the jobs"), ("/ft cancel ID", "Stops one")], unknown="trian")
    assert "`trian` is not one of my commands" in message.text
    for words in ("`/ft jobs`", "Lists the jobs", "`/ft cancel ID`"):
        assert words in message.text
        assert words in shown(message)


def test_the_modal_carries_its_plan_and_names_its_fields() -> None:
    view = train_modal(
        "pl1", "C1", ("news_train", "ds1"), ("gpt", "gpt"), [("DPO", "dpo"), ("SFT", "supervised")]
    )
    check_view(view)
    assert view["callback_id"] == "train"
    assert json.loads(view["private_metadata"]) == {"plan_id": "pl1", "channel": "C1"}
    inputs = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
    assert all(block["element"]["action_id"] == name for name, block in inputs.items())
    needed = [name for name, block in inputs.items() if not block["optional"]]
    assert needed == ["dataset", "base", "method"]
    assert inputs["dataset"]["element"]["initial_option"]["value"] == "ds1"
    assert inputs["method"]["element"]["initial_option"]["value"] == "supervised"
    assert {"suffix", "n_epochs", "batch_size", "learning_rate_multiplier", "seed", "validation"} <= set(
        inputs
    )


def test_without_a_channel_the_modal_asks_for_one() -> None:
    names = [block.get("block_id") for block in train_modal("pl1", None)["blocks"]]
    assert "channel" in names


def test_options_are_at_most_a_hundred_and_never_carry_a_cut_value() -> None:
    many = options([(f"name {number}", f"id{number}") for number in range(200)])
    assert len(many) == 100
    assert options([("long", "x" * 151), ("", "empty name"), ("no value", "")]) == [
        {"text": {"type": "plain_text", "text": "–", "emoji": True}, "value": "empty name"}
    ]


def test_the_home_shows_work_in_progress_and_ways_to_begin() -> None:
    text = json.dumps(home([job()], [dataset()], [model()]), ensure_ascii=False)
    for words in ("step 60 of 100", "news_train", MODEL, "train_dataset", "ask_model", "cancel_job"):
        assert words in text
    empty = json.dumps(home([], [], []))
    assert "Drop a JSONL file" in empty
    assert "train_dataset" in empty
