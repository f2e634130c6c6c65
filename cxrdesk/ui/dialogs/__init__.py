"""Windows that open only when asked for."""
