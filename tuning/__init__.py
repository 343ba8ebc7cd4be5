"""The domain: knows no Slack, no SQL and no HTTP."""
