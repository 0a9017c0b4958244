"""How well a gate is: signs with a light each, judged from readings."""
