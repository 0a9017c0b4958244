"""The central's database: its tables, and rows found and kept."""
