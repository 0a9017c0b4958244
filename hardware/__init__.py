"""Everything that touches the world: pins, cameras, scanners, clocks. Knows frames and levels, never tickets."""
