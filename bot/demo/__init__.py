"""`ft-bot demo`: the main job, played by two people in the sandbox and printed as it happens."""
