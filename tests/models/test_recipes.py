import pytest

from promic_nb.errors import UserError
from promic_nb.models.recipes import RECIPES


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        ("A", {"guidance": 0.5}, "Model A reads no latent"),
        ("original", {"channels": 8}, "Original Images reads no latent"),
        ("A", {"rates": True}, "Model A reads no latent"),
        ("H", {"guidance": 0.5}, "Model H trains nothing"),
        ("D", {"masks": True}, "Model D trains nothing"),
    ],
)
def test_an_extension_without_effect_on_a_recipe_is_refused(recipe, options, message):
    with pytest.raises(UserError, match=message):
        RECIPES[recipe].check(**options)


def test_extensions_with_an_effect_are_accepted():
    RECIPES["A"].check(masks=True)
    RECIPES["H"].check(channels=8, rates=True)
    for name in ("B", "F", "ProMIC"):
        RECIPES[name].check(guidance=0.5, masks=True, channels=8, rates=True)
    for recipe in RECIPES.values():
        recipe.check()
