"""Formulas as people spell them, made at random: idle groups, synonyms, switches, spaces, rows."""

from __future__ import annotations

import random

_LETTERS = r"a b c x y z n m A B R 1 2 0 \alpha \beta \mu \nu \Gamma \partial \ell \infty".split()
_RELATIONS = r"= < \le \leq \ge \ne \neq \to \rightarrow \sim \in \owns".split()
_OPERATORS = r"+ - \cdot \times \land \wedge \lor \ast \pm \otimes".split()
_LARGE = r"\sum \prod \int \oint \bigcup".split()
_NAMES = r"\sin \log \exp \lim \max \sup".split()
_SPACES = [r"\,", r"\;", r"\:", r"\!", r"\quad", r"\thinspace", r"\ ", "~", r"\hspace { 1em }"]
_FONTS = r"\mathrm \mathbf \mathcal \mathit \mathsf \mathtt".split()
_SWITCHES = r"\rm \bf \cal \it \sf \tt".split()
_ACCENTS = r"\hat \bar \tilde \vec \dot \overline \sqrt".split()
_PAIRS = [("(", ")"), ("[", "]"), (r"\lbrace", r"\rbrace"), (r"\vert", r"\vert")]


class Wild:
    """A source of formulas; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def formula(self) -> str:
        """LaTeX whose tokens are parted by spaces."""
        body = self.sequence(3)
        edge = self.random.choice(["", "", "", r" \,", r" \quad ."])
        start = self.random.choice(["", "", "", r"\displaystyle "])
        return f"{start}{body}{edge}"

    def sequence(self, depth: int) -> str:
        """Some terms with relations, operators and spaces between."""
        parts = [self.term(depth)]
        for _ in range(self.random.choice([0, 1, 1, 2])):
            between = self.random.choice([_RELATIONS, _OPERATORS, _SPACES, [","], [""]])
            parts.append(self.random.choice(between))
            if self.random.random() < 0.1:
                parts.append(self.random.choice(_SPACES))
            parts.append(self.term(depth))
        return " ".join(part for part in parts if part)

    def term(self, depth: int) -> str:
        """A symbol, or a construction around smaller sequences."""
        letter = self.random.choice(_LETTERS)
        if depth == 0:
            return letter
        inner = self.sequence(depth - 1)
        kinds = [
            lambda: letter,
            lambda: letter,
            lambda: f"{{ {letter} }}",
            lambda: f"{{ {inner} }}",
            lambda: f"{{ {{ {inner} }} }}",
            lambda: self.scripted(depth),
            lambda: self.scripted(depth),
            lambda: f"{{ {self.scripted(depth)} }}",
            lambda: rf"\frac {{ {inner} }} {{ {self.sequence(depth - 1)} }}",
            lambda: rf"\dfrac {letter} 2",
            lambda: f"{self.random.choice(_FONTS)} {{ {letter} }}",
            lambda: f"{{ {self.random.choice(_SWITCHES)} {letter} {self.random.choice('xyz')} }}",
            lambda: f"{self.random.choice(_ACCENTS)} {{ {letter} }}",
            lambda: f"{self.random.choice(_ACCENTS)} {{ {{ {self.sequence(0)} }} }}",
            lambda: self.bracketed(inner),
            lambda: self.operator(depth),
            lambda: self.rows(depth) if depth == 3 else letter,
        ]
        return self.random.choice(kinds)()

    def scripted(self, depth: int) -> str:
        """A symbol or group with scripts."""
        base = self.random.choice([self.random.choice(_LETTERS), f"{{ {self.term(depth - 1)} }}"])
        lower = rf" _ {{ {self.sequence(depth - 1)} }}" if self.random.random() < 0.6 else ""
        upper = self.random.choice(["", r" ^ 2", r" ^ \dag", f" ^ {{ {{ {self.term(0)} }} }}"])
        return base + lower + upper

    def bracketed(self, inner: str) -> str:
        """A sequence in brackets that may grow, maybe in a group."""
        left, right = self.random.choice(_PAIRS)
        if self.random.random() < 0.5:
            return rf"\left{left} {inner} \right{right}"
        return self.random.choice(["{}", "{{ {} }}"]).format(f"{left} {inner} {right}")

    def operator(self, depth: int) -> str:
        """An operator with scripts, spelled in one of its ways."""
        name = self.random.choice(_LARGE + _NAMES)
        letters = " ".join(name[1:])
        if name in _NAMES and self.random.random() < 0.5:
            star = "*" if name in (r"\lim", r"\max", r"\sup") else ""
            name = rf"\operatorname{star} {{ {letters} }}"
        elif name in (r"\sum", r"\max") and self.random.random() < 0.3:
            name += r" \limits"
        script = f" _ {{ {self.sequence(depth - 1)} }}" if self.random.random() < 0.6 else ""
        return f"{name}{script} {self.term(depth - 1)}"

    def rows(self, depth: int) -> str:
        r"""An environment, with or without braces around its cells and an end of its last row."""
        begin, end, columns = self.random.choice(
            [
                (r"\begin{array} { r c l }", r"\end{array}", 3),
                (r"\begin{aligned}", r"\end{aligned}", 2),
                (r"\left( \begin{matrix}", r"\end{matrix} \right)", 2),
                (r"\begin{bmatrix}", r"\end{bmatrix}", 2),
                (r"\begin{cases}", r"\end{cases}", 2),
            ]
        )
        braces = self.random.choice(["{}", "{{ {} }}"])
        rows = [
            " & ".join(braces.format(self.sequence(depth - 2)) for _ in range(columns))
            for _ in range(self.random.choice([1, 2, 2]))
        ]
        last = self.random.choice(["", r" \\"])
        return rf"{begin} {(' ' + chr(92) * 2 + ' ').join(rows)}{last} {end}"
