"""Transcript annotation: exons and coding sequence of transcripts, from a GTF."""
