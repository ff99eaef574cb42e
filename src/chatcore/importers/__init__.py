"""Conversations from elsewhere.

One module a format turns a file into a :class:`~chatcore.importers.transcript.Transcript`;
:mod:`chatcore.importers.transfer` writes any of them through an engine.
"""
