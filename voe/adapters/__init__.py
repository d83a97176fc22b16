"""What is asked: one module a model family. See `voe.adapters.base` for the contract."""
