"""From features to edges: correlation of all pairs, and what chance would give."""
