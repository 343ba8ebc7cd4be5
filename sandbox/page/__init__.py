"""The page: a small front end without a build step, and the addresses it needs."""
