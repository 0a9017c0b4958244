"""The ledger: written, opened, verified, looked at, explained."""
