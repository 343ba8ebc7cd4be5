"""From the app to the workspace: the Web API, family by family."""
