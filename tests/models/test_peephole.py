"""The paper's LSTM cell against equations 10 to 14 written out in float64."""

from __future__ import annotations

import numpy as np
import torch

from i2l_batch.models.peephole import PeepholeCell


def reference(
    cell: PeepholeCell, x: np.ndarray, h: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One step, gate by gate."""
    kernel, bias, peepholes = (
        p.detach().double().numpy() for p in (cell.kernel, cell.bias, cell.peepholes)
    )
    n = h.shape[-1]
    w = {gate: kernel[k * n : (k + 1) * n, : x.shape[-1]] for k, gate in enumerate("ifgo")}
    u = {gate: kernel[k * n : (k + 1) * n, x.shape[-1] :] for k, gate in enumerate("ifgo")}
    b = {gate: bias[k * n : (k + 1) * n] for k, gate in enumerate("ifgo")}
    p = dict(zip("ifo", peepholes, strict=True))

    def sigmoid(z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-z))

    i = sigmoid(x @ w["i"].T + h @ u["i"].T + p["i"] * c + b["i"])
    f = sigmoid(x @ w["f"].T + h @ u["f"].T + p["f"] * c + b["f"] + 1.0)
    after = f * c + i * np.tanh(x @ w["g"].T + h @ u["g"].T + b["g"])
    o = sigmoid(x @ w["o"].T + h @ u["o"].T + p["o"] * after + b["o"])
    return o * np.tanh(after), after


def test_ten_steps_equal_the_equations() -> None:
    torch.manual_seed(0)
    cell = PeepholeCell(5, 7)
    torch.nn.init.normal_(cell.bias)
    torch.nn.init.normal_(cell.peepholes)
    product = cell.product(torch.float32)
    rng = np.random.default_rng(0)
    h, c = rng.normal(size=(3, 7)), rng.normal(size=(3, 7))
    hidden, inner = torch.from_numpy(h).float(), torch.from_numpy(c).float()
    for x in rng.normal(size=(10, 3, 5)):
        h, c = reference(cell, x, h, c)
        hidden, inner = cell(torch.from_numpy(x).float(), hidden, inner, product)
        np.testing.assert_allclose(hidden.detach().numpy(), h, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(inner.detach().numpy(), c, rtol=1e-4, atol=1e-5)


def test_without_input_a_new_cell_remembers() -> None:
    """The forget gate starts at sigmoid(1), not at one half."""
    cell = PeepholeCell(2, 3)
    torch.nn.init.zeros_(cell.peepholes)
    product = cell.product(torch.float32)
    _, inner = cell(torch.zeros(1, 2), torch.zeros(1, 3), torch.ones(1, 3), product)
    torch.testing.assert_close(inner, torch.full((1, 3), 0.7310586))


def test_parameters_are_counted_as_in_the_paper() -> None:
    cell = PeepholeCell(5, 7)
    assert sum(p.numel() for p in cell.parameters()) == 4 * 7 * (5 + 7) + 4 * 7 + 3 * 7
