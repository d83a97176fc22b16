"""The paper in miniature: small models trained from nothing, in arms that differ in one thing each.

Arms are trained one by one and scored on probes; what came of them is a small table from which every figure
is drawn.
"""
