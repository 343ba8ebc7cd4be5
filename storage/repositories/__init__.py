"""The repositories, each over one open transaction: they fulfil the protocols of `tuning.ports`."""
