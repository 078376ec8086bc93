"""The networks of Table 4 and ResNetYUV (sections 2.6 and 3.4), one module each.

The thesis gives their principles and numbers of parameters, not their layers. The layers here
follow its text. Where some choice of widths and kernels gives the printed number of parameters,
it was taken; other layers can give the same number.
"""
