"""One file per command, named after it (a keyword with an underscore), each with a click command called `command`."""
