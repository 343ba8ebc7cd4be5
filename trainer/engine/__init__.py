"""What runs in a job's own process: checking the file, training the model, writing the journal."""
