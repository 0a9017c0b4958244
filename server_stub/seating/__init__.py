"""Model C: seasons, seats, transfers, renewal campaigns."""
