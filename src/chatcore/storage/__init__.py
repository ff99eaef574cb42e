"""Where things are kept. :mod:`chatcore.storage.sql` is the one adapter so far."""
