r"""What TeX takes a symbol for, as far as groups are concerned.

Only tables, and questions to them. Knows nothing of groups.
"""

from __future__ import annotations

ORDINARY = frozenset(
    r"""
    . \alpha \beta \gamma \delta \epsilon \varepsilon \zeta \eta \theta \vartheta \iota \kappa
    \varkappa \lambda \mu \nu \xi \pi \varpi \rho \varrho \sigma \varsigma \tau \upsilon \phi
    \varphi \chi \psi \omega \Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Upsilon \Phi \Psi \Omega
    \varGamma \varDelta \varTheta \varLambda \varXi \varPi \varSigma \varUpsilon \varPhi \varPsi
    \varOmega \aleph \beth \hbar \hslash \ell \imath \jmath \wp \Re \Im \partial \infty \prime
    \emptyset \varnothing \nabla \top \bot \angle \triangle \forall \exists \nexists \neg
    \flat \natural \sharp \clubsuit \diamondsuit \heartsuit \spadesuit \complement \Box
    \blacksquare \mho \eth \S \P \%
    """.split()
)
"""Symbols that stand without space between others: TeX's class Ord."""

ACCENTS = frozenset(
    r"""
    \acute \bar \breve \check \ddot \dddot \dot \grave \hat \mathring \tilde \vec \widehat
    \widetilde
    """.split()
)
"""Marks over an argument."""

ORDINARY_COMMANDS = ACCENTS.union(
    r"""
    \overline \underline \overrightarrow \overleftarrow \overleftrightarrow \sqrt
    \mathrm \mathbf \mathcal \mathbb \mathit \mathsf \mathtt \mathfrak \mathscr \mathnormal \text
    \textbf \textit \textrm \textsf \texttt \textnormal \textup \mbox \hbox \boxed \fbox \mathord
    \cancel \frac \dfrac \tfrac \cfrac \binom \dbinom \tbinom
    """.split()
)
"""Commands whose result, arguments included, is of the class Ord."""

CLASS_OF_ARGUMENT = (r"\bm", r"\boldsymbol", r"\pmb")

OPENING = frozenset(r"( [ \{ \langle \lceil \lfloor \lvert \lVert".split())
CLOSING = frozenset(r") ] ! ? \} \rangle \rceil \rfloor \rvert \rVert".split())
"""A bracket beside anything but an operator such as a sum stands as a symbol of class Ord does."""

NAMED = frozenset(
    r"""
    \arccos \arcsin \arctan \arg \cos \cosh \cot \coth \csc \deg \dim \exp \hom \ker \lg \ln \log
    \sec \sin \sinh \tan \tanh
    """.split()
)
"""Operators with a name whose scripts stand beside it."""
NAMED_LIMITS = frozenset(r"\det \gcd \inf \lim \max \min \Pr \sup".split())
"""Operators with a name whose scripts stand above and below it in a display."""
BESIDE = NAMED.union(r"\int \oint \iint \iiint".split())
STACKED = NAMED_LIMITS.union(
    r"""
    \sum \prod \coprod \bigcup \bigcap \bigvee \bigwedge \bigsqcup \biguplus \bigoplus \bigotimes
    \bigodot
    """.split()
)

_OTHERS = frozenset(
    r"""
    \leq \geq \neq \to \leftarrow \leftrightarrow \longrightarrow \longleftarrow \Rightarrow
    \Leftarrow \Leftrightarrow \Longrightarrow \Longleftrightarrow \mapsto \longmapsto \uparrow
    \downarrow \equiv \sim \simeq \approx \cong \propto \in \ni \notin \subset \supset \subseteq
    \supseteq \ll \gg \perp \parallel \mid \prec \succ \preceq \succeq \asymp \doteq \models \vdash
    \leqslant \geqslant \lesssim \gtrsim \triangleq \coloneqq
    \pm \mp \times \div \cdot \circ \bullet \star \wedge \vee \cap \cup \oplus \ominus \otimes
    \odot \setminus \backslash \dagger \ddagger \ast \amalg \wr
    \ldots \cdots \vdots \ddots \colon
    ~ \, \: \; \! \quad \qquad \enspace
    """.split()
)
_SYMBOLS = ORDINARY | OPENING | CLOSING | _OTHERS


def is_ordinary(token: str) -> bool:
    """Whether the token alone is a symbol of class Ord."""
    return token in ORDINARY or (len(token) == 1 and token.isalnum())


def is_symbol(token: str) -> bool:
    """Whether the token is no operator, and surely takes no group behind it as its argument."""
    is_character = token[0] != "\\" and token not in ("_", "^")
    return token in _SYMBOLS or is_character or token.startswith((r"\left", r"\right"))
