r"""Random formulas for benchmarks: LaTeX in the spelling of the model, out of a small grammar.

In: a source of random numbers. Out: formulas of 3 to 150 tokens, parted by single blanks, with
braces around arguments. They parse; they mean nothing.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

LETTERS = r"a b c d f g h i j k m n p q r s t u v x y z A B C E F G H K L M N P R S T V X".split()
LETTERS += r"\alpha \beta \gamma \delta \epsilon \lambda \mu \nu \phi \psi \rho \sigma".split()
LETTERS += (
    r"\theta \omega \Gamma \Delta \Lambda \Omega \Phi \Psi \partial \nabla \ell \hbar".split()
)
DIGITS = "0 1 1 2 2 2 3 4 5 6 8".split()
RELATIONS = r"= = = = = < > \leq \geq \neq \equiv \sim \approx \in \to \propto \subset".split()
OPERATORS = r"+ + + - - - \cdot \times \pm \otimes \wedge / ,".split()
LARGE = r"\sum \prod \int \int \oint".split()
FUNCTIONS = [r"\sin", r"\cos", r"\exp", r"\log", r"\operatorname { t r }", r"\det", r"\ln"]
ACCENTS = r"\hat \bar \tilde \vec \dot \mathbf \mathcal \mathrm \mathbb".split()
PAIRS = [("(", ")"), ("[", "]"), (r"\left(", r"\right)"), (r"\langle", r"\rangle"), ("|", "|")]


class Grammar:
    """LaTeX in our spelling: tokens parted by single blanks, arguments in braces."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._terms = (
            (30, self._letter),
            (22, self._scripted),
            (9, self._fraction),
            (8, self._bracketed),
            (6, self._large),
            (5, self._function),
            (5, self._accented),
            (2, self._root),
        )
        self._weights = list(itertools.accumulate(weight for weight, _ in self._terms))

    def formula(self) -> str:
        """A formula of 3 to 150 tokens."""
        if self._rng.random() < 0.04:
            return self._cut(self._array())
        parts = [self.sequence(3), self._rng.choice(RELATIONS), self.sequence(3)]
        while self._rng.random() < 0.45:
            parts += [self._rng.choice(OPERATORS + RELATIONS), self.sequence(2)]
        return self._cut(" ".join([*parts, self._rng.choice(["", "", "", ".", ","])]).strip())

    def sequence(self, depth: int) -> str:
        """Terms with operators between."""
        parts = [self.term(depth)]
        while self._rng.random() < 0.42:
            if self._rng.random() < 0.6:
                parts.append(self._rng.choice(OPERATORS))
            parts.append(self.term(depth))
        return " ".join(parts)

    def term(self, depth: int) -> str:
        """A symbol, or a construction around smaller sequences."""
        if depth == 0:
            return self._letter(0)
        choices = self._rng.choices(self._terms, cum_weights=self._weights)
        make: Callable[[int], str] = choices[0][1]
        return make(depth)

    def _cut(self, formula: str) -> str:
        return formula if 2 <= formula.count(" ") < 150 else self.formula()

    def _letter(self, _depth: int) -> str:
        return self._rng.choice(DIGITS if self._rng.random() < 0.15 else LETTERS)

    def _scripted(self, depth: int) -> str:
        lower, upper = f" _ {{ {self.term(0)} }}", f" ^ {{ {self.term(depth - 1)} }}"
        scripts = self._rng.choice([lower, upper, upper, lower + upper])
        return self._letter(depth) + scripts

    def _fraction(self, depth: int) -> str:
        return rf"\frac {{ {self.sequence(depth - 1)} }} {{ {self.sequence(depth - 1)} }}"

    def _bracketed(self, depth: int) -> str:
        left, right = self._rng.choice(PAIRS)
        return f"{self._letter(0)} {left} {self.sequence(depth - 1)} {right}"

    def _large(self, depth: int) -> str:
        name, letter = self._rng.choice(LARGE), self._rng.choice("ijkn")
        if name in (r"\int", r"\oint"):
            limits = self._rng.choice(
                ["", " _ { 0 }", r" _ { 0 } ^ { \infty }", " _ { 0 } ^ { 1 }"]
            )
            return f"{name}{limits} {self.sequence(depth - 1)} d {self._rng.choice('xtsk')}"
        top = self._rng.choice([r"\infty", "n", "N"])
        return (
            rf"{name} _ {{ {letter} = {self._rng.choice('01')} }} ^ {{ {top} }} {self.term(depth)}"
        )

    def _function(self, depth: int) -> str:
        return f"{self._rng.choice(FUNCTIONS)} ( {self.sequence(depth - 1)} )"

    def _accented(self, _depth: int) -> str:
        return f"{self._rng.choice(ACCENTS)} {{ {self._rng.choice(LETTERS[:36])} }}"

    def _root(self, depth: int) -> str:
        return rf"\sqrt {{ {self.sequence(depth - 1)} }}"

    def _array(self) -> str:
        rows = r" \\ ".join(f"{self.sequence(1)} & {self.sequence(1)}" for _ in "123")
        name = self._rng.choice(["pmatrix", "aligned", "cases"])
        return rf"\begin{{{name}}} {rows} \end{{{name}}}"
