"""What the `vae` backend's model says about a module: its decoder's answer, its encoder's reasons.

`schema` and `availability` have no need of torch; everything else has, so nothing is imported here.
"""
