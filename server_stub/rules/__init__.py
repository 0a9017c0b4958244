"""The central's rules, pure: state in, rows and verdicts out."""
