"""From a person, a test or the page to the workspace: acting as somebody, reading, injecting faults."""
