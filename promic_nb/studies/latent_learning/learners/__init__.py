"""Learning networks: on the latent after Table 1, and the standard ones on pixels that they are cut
from. A module for each family, as its members share their stages.
"""
