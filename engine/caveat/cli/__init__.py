"""The command line: thin, one module a command; data on stdout, messages on stderr."""
