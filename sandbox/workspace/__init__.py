"""What the workspace is and holds: people, channels, messages, files, views. Knows no HTTP."""
