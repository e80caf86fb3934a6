"""A variational autoencoder of features across samples, for the `vae` backend.

`settings` has no need of torch; everything else has, so nothing is imported here.
"""
