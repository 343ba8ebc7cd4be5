"""From the workspace to the app: Socket Mode envelopes and signed HTTP requests."""
