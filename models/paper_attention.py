"""The paper's attention: where to look next, from the whole picture and what was written so far.

In: the places of a picture and the decoder's hidden state. Out: weights over the places. A network
of three layers reads all places at once (section 2.2.2, table 3); nothing is shared between them.

Shapes: B pictures, K hypotheses of each, L places of D numbers, n hidden units.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from i2l_batch.models.config import PaperConfig
from i2l_batch.models.paper_encoder import place_shape


class WholeImageAttention(nn.Module):
    """softmax(MLP([all places; hidden state])).

    The first layer is stored in two parts. What it makes of the picture is the same at every step
    and for every hypothesis, and is 98 % of its work: it is computed once.
    """

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        places, depth = place_shape(config)
        wide, narrow = (max(least, places) for least in config.attention_dims)
        self.of_picture = nn.Linear(places * depth, wide)
        self.of_state = nn.Linear(config.lstm_units, wide, bias=False)
        self.second = nn.Linear(wide, narrow)
        self.third = nn.Linear(narrow, places)

    def reset_parameters(self) -> None:
        """Glorot-uniform for the first layer as one matrix; its parts alone would be too large."""
        wide, of_picture = self.of_picture.weight.shape
        fan = of_picture + self.of_state.in_features + wide
        for part in (self.of_picture, self.of_state):
            nn.init.uniform_(part.weight, -math.sqrt(6 / fan), math.sqrt(6 / fan))

    def look(self, places: Tensor) -> Tensor:
        """The picture's part of the first layer (B, width), from places (B, L, D)."""
        return self.of_picture(places.flatten(1))

    def forward(self, looked: Tensor, hidden: Tensor) -> Tensor:
        """Weights (B, K, L), which sum to 1, from `look` (B, width) and hidden state (B, K, n)."""
        x = (looked[:, None] + self.of_state(hidden)).tanh()
        return self.third(self.second(x).tanh()).softmax(-1, dtype=torch.float32)
