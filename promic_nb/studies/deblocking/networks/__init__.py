"""The networks of Table 4 and ResNetYUV (sections 2.6 and 3.4), one module each.

The thesis describes their principles and gives their numbers of parameters, but not their layers.
The layers here follow its text. If some choice of widths and kernels gives the printed number of
parameters, it was used; other layers may give the same number.
"""
