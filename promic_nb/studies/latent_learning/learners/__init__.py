"""Learning networks.

They are the networks on the latent (Table 1), and the standard networks on pixels that they are
derived from. There is one module per family because its members share their stages.
"""
