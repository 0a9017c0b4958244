"""People as a whole: imported, exported, forgotten; what time leaves."""
