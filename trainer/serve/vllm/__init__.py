"""vLLM as the engine: a `vllm serve` process for each base or fully tuned model, adapters on demand."""
