"""Studies on this machine: where they are, what they hold, what the reader has set."""
