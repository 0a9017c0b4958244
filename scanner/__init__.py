"""The gate: from pixels to a decision, and from a decision to a turning arm."""
