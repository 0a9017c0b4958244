"""The reference central: small, real, readable."""
