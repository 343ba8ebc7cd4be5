"""A fine-tuning server that speaks OpenAI's wire, for the team's own machine.

It shares no code with the bot: whoever uses it points the openai SDK at its address, as at any other service.
"""
