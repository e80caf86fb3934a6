"""What differs between the two transcripts of a switch: exons, splicing events, coding, decay."""
