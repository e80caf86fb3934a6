"""From quantified samples, a gene map and a sheet to a bundle and its report."""
