"""Pure state logic: values in, values out. No storage, no clock of its own, no randomness."""
