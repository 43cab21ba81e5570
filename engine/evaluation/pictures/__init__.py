"""The benchmark of photographs: masks from clicks, composites, clips made of stills, each beside simple methods."""
