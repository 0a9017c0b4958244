"""Model B: plans, subscriptions, billing."""
