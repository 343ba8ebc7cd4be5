"""The outer shell: reads the settings, wires the layers together, runs them."""
