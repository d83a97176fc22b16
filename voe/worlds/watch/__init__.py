"""Worlds to watch: an endless, seeded stream of possible clips, from which a small model may learn.

Things roll, slide, fall, bounce, collide, rest on shelves and run into walls; panels stand, slide and rise
before them. Nothing here is a probe: no screen that swings up and drops, no scene in which what is hidden
is then shown by a drop, and no held-out look.
"""
