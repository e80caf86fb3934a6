"""Which gene a quantified transcript belongs to, and what was noticed on the way."""
