"""What carries announcements between the engines on one database."""
