"""Slack out: pure functions from values to text and blocks."""
