"""The networks compute the block transform that they start from, whatever their depth."""

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from promic_nb.codecs.jpegai.model import JpegAiStyle
from promic_nb.codecs.jpegai.networks import OPERATION_POINTS
from promic_nb.training.klt_init import block_latent, klt, start_from


def dct_basis() -> np.ndarray:
    """The 160 lowest functions of the orthonormal 16x16 DCT, from SciPy."""
    functions = [dctn(np.eye(256)[k].reshape(16, 16), norm="ortho", type=3) for k in range(256)]
    order = sorted(range(256), key=lambda k: k // 16 + k % 16)[:160]
    return np.stack([functions[k] for k in order])


@pytest.mark.parametrize("op", OPERATION_POINTS)
def test_networks_start_as_the_transform_and_its_inverse(op):
    torch.manual_seed(0)
    basis, beta = dct_basis(), 0.02
    model = start_from(JpegAiStyle(op), torch.from_numpy(basis).float(), beta)
    x = np.random.default_rng(0).uniform(0, 255, (64, 48))
    step = np.sqrt(12 / (2 * np.log(2) * beta))
    blocks = (x - 127.5).reshape(4, 16, 3, 16).swapaxes(1, 2)
    expected = np.einsum("hwij,kij->khw", blocks, basis) / step
    with torch.no_grad():
        y = model.latent(torch.from_numpy(x).float()[None, None])
        back = model.reconstruct(y)[0, 0].numpy()
    assert np.abs(y[0].numpy() - expected).max() < 1e-3
    kept = np.einsum("khw,kij->hiwj", expected * step, basis).reshape(64, 48) + 127.5
    assert np.abs(back - kept).max() < 2  # the first residual block is only nearly still


@pytest.mark.parametrize("op", OPERATION_POINTS)
def test_every_layer_can_learn_from_the_start(op):
    """No gradient is zero everywhere, so no layer is stuck at its first weights."""
    torch.manual_seed(0)
    model = start_from(JpegAiStyle(op), torch.from_numpy(dct_basis()).float(), 0.02)
    x = torch.rand(1, 1, 64, 64) * 255
    y = model.latent(x)
    ((model.reconstruct(y) - x).square().mean() + y.square().mean()).backward()
    stuck = [
        n
        for n, p in model.named_parameters()
        if n.startswith(("analysis", "synthesis")) and "gate.0" not in n and not p.grad.abs().sum()
    ]
    behind_zeros = (
        "qkv",
        "expand",
        "temperature",
        "body.0",
        "mask",
    )  # their output weights are zero at first; one step later they learn
    assert not [n for n in stuck if not any(part in n for part in behind_zeros)]


def test_klt_decorrelates_and_orders(tiny):
    slices = [tiny.image("train", i) for i in tiny.ids("train")]
    basis = klt([slices], 256).flatten(1).double()
    assert torch.allclose(basis @ basis.T, torch.eye(256, dtype=torch.float64), atol=1e-4)
    blocks = (
        np.concatenate(
            [
                s.reshape(s.shape[0] // 16, 16, -1, 16).swapaxes(1, 2).reshape(-1, 256)
                for s in slices
            ]
        )
        - 127.5
    )
    moments = np.cov((blocks @ basis.numpy().T).T, bias=True) + np.outer(
        *2 * [(blocks @ basis.numpy().T).mean(0)]
    )
    assert (np.diff(np.diag(moments)) <= 1e-3 * moments[0, 0]).all()
    assert np.abs(moments - np.diag(np.diag(moments))).max() < 1e-3 * moments[0, 0]


def test_the_hyper_latent_starts_as_local_magnitude():
    """Scales follow a picture that is flat on the left and busy on the right."""
    torch.manual_seed(0)
    basis, beta = torch.from_numpy(dct_basis()).float(), 0.02
    rng = np.random.default_rng(0)
    image = np.full((256, 256), 127.5)
    image[:, 128:] += rng.normal(0, 40, (256, 128))
    level = torch.full((160,), 10.0)
    model = start_from(JpegAiStyle(), basis, beta, level)
    with torch.no_grad():
        y = model.latent(torch.from_numpy(image).float()[None, None])
        z = model.hyper_encoder(y.abs()).round()
        scale = model.hyper_scale_decoder(z).abs().mean((0, 1, 2))
    assert z.abs().max() <= 31 and (z != 0).float().mean() > 0.05
    assert scale[-4:].mean() - scale[:4].mean() > 3  # at least 1.8 times the sigma


def test_block_latents_are_those_of_the_transforms():
    torch.manual_seed(0)
    basis = torch.from_numpy(dct_basis()).float()
    model = start_from(JpegAiStyle(), basis, 0.02)
    x = torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (1, 1, 64, 96))).float()
    with torch.no_grad():
        assert torch.allclose(model.latent(x), block_latent(x, basis, 0.02), atol=1e-3)
