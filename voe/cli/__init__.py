"""The command `voe`: each command parses, calls one function, prints."""
