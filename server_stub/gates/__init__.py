"""What gates are and say: devices, facts that come in, counts that go out."""
