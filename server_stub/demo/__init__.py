"""A day at a museum and a club: the whole system on one machine, with a replayed camera and a simulated arm."""
