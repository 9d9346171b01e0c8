"""Formulas of many kinds, as they are written by hand."""

KINDS = r"""
x
x ^ 2 + y ^ 2 = z ^ 2
x _ i ^ { 2 n }
{ x _ i } ^ 2
{ x ^ 2 } _ i
x '
\frac 1 2
\frac { a + b } { c - d }
{ \frac { 1 } { 2 } } m v ^ 2
\frac { \frac { a } { b } } { c }
\sqrt 2
\sqrt [ 3 ] { x + 1 }
\sqrt [ n _ 1 ] x
\sqrt { \frac { a } { b } }
{ \sqrt { x } } ^ 3
\hat x \bar y \vec v \dot q \tilde n
\hat { A } _ { i } ^ { 2 }
{ \bar { K } } _ { a } ^ { - } ( p )
\widehat { A B } \overline { z w } \underline { u }
\sum _ { i = 1 } ^ { n } a _ i
{ \sum } _ { i } a _ i
\prod _ { k } { b _ k }
\int _ 0 ^ \infty f ( x ) d x
\int \! \! \int _ { D } d A
\lim _ { x \to 0 } \frac { \sin x } { x }
\max _ { i } { m } _ i
\operatorname { T r } ( A B )
\operatorname* { s u p } _ { x } f ( x )
\mathrm { d } x
\mathbf v \cdot \mathbf w
\mathcal L = \mathcal { L } _ 0
\mathbb { R } ^ n
\mathrm { d } ^ 2 \mathit { P } _ i ^ j \mathsf { T } ^ 2 \mathrm { i f }
\left( a \middle | b \right) x
\mathfrak { g } \mathsf { T } \mathtt { x }
{ \bf x } ^ T { \bf y }
{ \cal H } _ { 0 } + { \cal H } _ { 1 }
{ \rm T r } M
{ - } x
a { = } b
a { + } b { , } c
( { - 1 } ) ^ k
\left( \frac { a } { b } \right)
\left[ { x } \right] _ 0 ^ 1
{ \left( x \right) } ^ 2
\left. \frac { d f } { d x } \right| _ { 0 }
\left\{ x \mid x > 0 \right\}
\big ( x \big ) \Bigl [ y \Bigr ]
\not = \not \in
a \neq b \leq c \geq d
a \in A \subset B \cup C
\alpha \beta \Gamma { \Delta }
{ \alpha } _ { \beta } { \gamma } ^ { \delta }
a , b ; c : d
\{ a \} \| b \| | c |
a \, b \; c \quad d \! e
\ldots \cdots \vdots \ddots
1 , \cdots , n
a \dots b
\begin{array} { c c } a & b \\ c & d \end{array}
\left( \begin{array} { l } { x } \\ { y } \end{array} \right)
\begin{matrix} 1 & 0 \\ 0 & { 1 } \end{matrix}
\begin{cases} a & x > 0 \\ b & { x } < 0 \end{cases}
\begin{aligned} a & = b \\ & = { c } \end{aligned}
\overbrace { a + b } ^ { n } \underbrace { c } _ { m }
\stackrel { a } { = } \overset { ! } { = } \underset { x } { y }
\binom n k
a \choose b
{ a \over b } + c
\mathop { \rm L } _ { i }
\mathop { A } \limits _ { i } b
\mathrel { { R } } a
\boldsymbol { \alpha } \bm { x }
\text { i f } x
\phantom { x } y
\displaystyle \sum _ i \textstyle \sum _ i
\underline { \underline { A } }
\xrightarrow { f } \to \mapsto
a \xrightarrow [ n \to \infty ] { f } b \xleftarrow [ x _ 1 ] g c
\smash [ b ] { x } + g
\cfrac { 1 } { a + b } + \cfrac [ l ] { 1 } { a + b }
f ^ { \prime \prime } ( x ) { } ^ { * }
{ } _ { 2 } F _ { 1 }
{ A } { B } { C }
{ { { x } } } + { { y } }
\Big | x \Big |
\partial _ { \mu } { \partial } ^ { \mu }
{ \cdot } x { \mid } y
{ \infty } { \prime } { ( } x { ) }
{ f } { f } { V } A
{ \log } x { \sin } y
{ \ldots } , { \dots } b
{ \hbar } { \ell } { \dagger } { ^ * }
x { : } y { ; } z
{ [ } x { ] } { \{ } y { \} }
{ \boldsymbol { + } } x { \bm { v } } _ i
{ \backslash } { \colon } x { \langle } y { \rangle }
{ \vert } x { \Vert } y { \lbrace } { \to } { \vdots } z
{ \nabla } \phi { \angle } x { \forall } y { \lim } z
{ \bigcup } _ i { \bigoplus } x { \iint } f { \max } _ i { \det } A { \inf } g
{ \dagger } x { \amalg } y { \bmod } n { \wr } { \uplus } { \sqcup } { \diamond } z
{ \doteq } x { \asymp } { \hookrightarrow } { \leadsto } { \smile } { \perp } z
a { \lneq } b { \gtrsim } c { \leqslant } d { \lesssim } e { \longmapsto } f { \nearrow } h
""".strip().splitlines()
