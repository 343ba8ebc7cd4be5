"""A job's life on the server: asked for, queued, watched, settled."""
