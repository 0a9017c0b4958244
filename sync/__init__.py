"""The network side of a gate, its own process: snapshots down, facts up."""
