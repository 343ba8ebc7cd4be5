"""One question to one model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from tuning import pricing
from tuning.catalog import Catalog
from tuning.errors import BackendNotFound, FtBotError, Gone
from tuning.ids import new_id
from tuning.policy import Action, require
from tuning.ports import Backend, Clock, Store
from tuning.records import Ask, Delta, Model, Person

MAX_QUESTION = 20_000


class BadQuestion(FtBotError):
    """The question is missing."""

    code = "bad_question"
    remedy = "Type `/ask MODEL your question`."


@dataclass(slots=True)
class Answer:
    """An answer while it arrives: iterate it, then read `ask`."""

    ask: Ask
    pieces: AsyncIterator[Delta]

    async def texts(self) -> AsyncIterator[str]:
        """The pieces of text; `ask` grows with them."""
        async for delta in self.pieces:
            self.ask = replace(
                self.ask,
                answer=self.ask.answer + delta.text,
                prompt_tokens=delta.prompt_tokens or self.ask.prompt_tokens,
                completion_tokens=delta.completion_tokens or self.ask.completion_tokens,
            )
            if delta.text:
                yield delta.text


def model_and_question(text: str) -> tuple[str, str]:
    """The first word, without the quotes that people put around it, and all the rest."""
    ref, question = [*text.strip().split(maxsplit=1), "", ""][:2]
    return ref.strip("`\"'“”„‘’<>"), question.strip()


@dataclass(frozen=True, slots=True)
class Asking:
    """The use cases around asks."""

    store: Store
    backend: Backend
    catalog: Catalog
    now: Clock

    async def open(self, person: Person, channel: str, text: str) -> Answer:
        """Find the model, send the question, and wait for the first piece of the answer.

        What is wrong before that is raised, so that nothing half done stands in the channel.
        """
        ref, question = model_and_question(text)
        if not ref:
            raise BadQuestion("Say which model to ask, and what.")
        model = await self.catalog.askable(person.workspace, ref)
        require(person, Action.ask, model, model.id)
        if not question:
            raise BadQuestion(
                f"What do you want to ask {model.id}?", remedy=f"Type `/ask {model.id} your question`."
            )
        if len(question) > MAX_QUESTION:
            raise BadQuestion(
                f"The question has {len(question):,} characters; {MAX_QUESTION:,} are allowed.",
                remedy="Ask something shorter.",
            )
        ask = Ask(new_id("ask"), person.workspace, person.user, channel, model.id, question, self.now())
        return Answer(ask, await self._begun(model, question))

    async def close(self, answer: Answer) -> Ask:
        """Put the ask on record, with its price where one is known."""
        ask = answer.ask
        usd = None
        if ask.prompt_tokens is not None and ask.completion_tokens is not None:
            usd = pricing.answer_cost(ask.model, ask.prompt_tokens, ask.completion_tokens)
        done = replace(ask, usd=usd)
        async with self.store.begin() as tx:
            await tx.asks.add(done)
        return done

    async def _begun(self, model: Model, question: str) -> AsyncIterator[Delta]:
        """The answer's pieces, once the first one is there."""
        pieces = self.backend.answer(model.id, question, system=model.system_prompt)
        try:
            first = await anext(pieces, Delta())
        except BackendNotFound as error:
            raise Gone(
                f"The backend doesn't know {model.id} any more.", remedy="`/ft models` lists the others."
            ) from error

        async def all_pieces() -> AsyncIterator[Delta]:
            yield first
            async for piece in pieces:
                yield piece

        return all_pieces()
