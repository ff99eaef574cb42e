"""A kit for tests: contracts as code, fakes, a clock and strategies. Public, like the rest."""
