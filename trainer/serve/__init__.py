"""Answering: a process of its own that holds the models, and the server's end of the pipe to it."""
