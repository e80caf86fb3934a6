"""What a module is made of: drivers, transcripts, contrasts, structure, pictures and pages."""
