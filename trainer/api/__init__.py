"""HTTP in: OpenAI's routes, each a few lines over the store, the supervisor and the answerer."""

from trainer.api.app import build_app

__all__ = ["build_app"]
