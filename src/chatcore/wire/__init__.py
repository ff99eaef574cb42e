"""The protocol without input and output: HTTP, the realtime session, and their documents."""
