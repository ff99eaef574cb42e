"""What reaches a connection, in order and within bounds: hub, audiences and outboxes."""
