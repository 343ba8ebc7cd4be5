"""A stand-in Slack workspace on this machine, so that a bot can be tried and tested without Slack."""
