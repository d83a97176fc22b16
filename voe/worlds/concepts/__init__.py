"""What happens in a scene: one module a concept, each with `stage_scene(draw, hidden) -> Scene`.

`hidden` is for how many frames the takes should be one and the same; the renderer measures how many it
became, and asks again with a corrected number. The module of concept 'shape-constancy' is shape_constancy.
"""

CONCEPTS = (
    "object-permanence",
    "continuity",
    "shape-constancy",
    "colour-constancy",
    "support",
    "inertia",
    "gravity",
    "solidity",
    "collision",
)
