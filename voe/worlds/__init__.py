"""The stimuli that ship: simulated in MuJoCo, rendered by its ray caster, shaded in numpy.

`stage` says what stands where, `simulate` how it moves, `render` how it looks; `draws` which values a scene
takes from its card, `concepts` what happens in it, `design` whether its 2 x 2 is sound; `scenes` goes from a
card to frames, `build` to a set of videos, and `sheets` draws a quadruplet to look at. No graphics library
is needed.
"""
