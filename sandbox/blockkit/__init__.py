"""Block Kit's rules: which blocks and elements exist, where they may stand and how long they may be."""
