"""From edges to modules: graph, detection, refinement, core, significance."""
