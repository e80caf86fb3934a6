"""Factor analysis of features across samples, for the `latent` backend."""
