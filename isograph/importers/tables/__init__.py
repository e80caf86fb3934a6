"""Plain tables: counts of transcripts, or expression of genes."""
