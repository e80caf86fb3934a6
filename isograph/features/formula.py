"""Reads a covariate formula and refuses whatever is not arithmetic on sample columns."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from formulaic import Formula
from formulaic.errors import FormulaicError
from formulaic.parser import DefaultFormulaParser
from formulaic.parser.algos.tokenize import tokenize
from formulaic.parser.types import Factor, Term, Token
from formulaic.utils.code import sanitize_variable_names

from isograph.errors import Problems, StudyError
from isograph.features.traits import check_known

# formulaic's own transforms that look at one sample after another (lag) or at text (Q) stay out
FUNCTIONS = frozenset(
    {"C", "I", "center", "scale", "standardize", "poly", "bs", "cr", "cs", "cc"}
    | {"log", "log2", "log10", "log1p", "sqrt", "exp"}
)
EXTRA_FUNCTIONS = {"sqrt": np.sqrt, "log1p": np.log1p}
_MAX_EXPONENT = 10
_WHERE = "covariates"
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)


@dataclass(frozen=True)
class ParsedFormula:
    """A formula that is safe to evaluate.

    Attributes:
        text: the formula, with its `~`.
        terms: formulaic's terms, the intercept first.
        columns: sample columns that the terms use, in order of first use.
        grouped: columns that enter as groups only, `C(column)`.
        straight: columns that enter as they are.
        intercept_restored: whether the formula asked for no intercept.
    """

    text: str
    terms: tuple[Any, ...]
    columns: tuple[str, ...]
    grouped: frozenset[str]
    straight: frozenset[str]
    intercept_restored: bool


@dataclass(frozen=True)
class _Use:
    column: str
    grouped: bool = False


def parse_formula(
    formula: str, *, known: Sequence[str], problems: Problems
) -> ParsedFormula | None:
    """Parse a one-sided formula over the `known` columns.

    formulaic evaluates Python, so every piece is checked before formulaic sees it: names must be
    sample columns, calls must be among `FUNCTIONS`, and the rest must be arithmetic, comparisons
    and plain numbers.

    Args:
        formula: such as `~ RIN + C(batch) + log(depth)`; names that are no Python names stand in
            backticks.
        known: sample columns.
        problems: takes everything that is wrong.

    Returns:
        The formula, or None where `problems` were found.
    """
    text = formula.strip()
    text = text if text.startswith("~") else f"~ {text}"
    before = len(problems.found)
    try:
        tokens = list(tokenize(text))
        _check_tokens(tokens, known=known, problems=problems)
        if len(problems.found) > before:
            return None
        terms = list(DefaultFormulaParser(feature_flags=set()).get_terms(text))
    except (FormulaicError, SyntaxError) as error:
        reason = str(error).splitlines()[0]
        problems.add(_WHERE, f"`{formula}` cannot be read: {reason}", fix=_EXAMPLE)
        return None
    one = Term([Factor("1", eval_method="literal")])
    restored = one not in terms
    terms = [one, *(term for term in terms if term != one)]
    uses = [use for term in terms for factor in term.factors for use in _factor_uses(factor)]
    straight = {
        factor.expr
        for term in terms
        for factor in term.factors
        if factor.eval_method is Factor.EvalMethod.LOOKUP
    }
    return ParsedFormula(
        text=text,
        terms=tuple(terms),
        columns=tuple(dict.fromkeys(use.column for use in uses)),
        grouped=frozenset(use.column for use in uses if use.grouped)
        - {use.column for use in uses if not use.grouped},
        straight=frozenset(straight),
        intercept_restored=restored,
    )


_EXAMPLE = "write it as in `~ RIN + C(batch)`, odd names in backticks"


def _check_tokens(tokens: Sequence[Any], *, known: Sequence[str], problems: Problems) -> None:
    names: list[str] = []
    for position, token in enumerate(tokens):
        text = token.token
        if token.kind is Token.Kind.OPERATOR and "~" in text and (position or text.count("~") > 1):
            problems.add(
                _WHERE, "a response before `~` makes no sense", fix="start the formula with `~`"
            )
        elif token.kind is Token.Kind.OPERATOR and "|" in text:
            problems.add(_WHERE, "`|` makes no sense here", fix=_EXAMPLE)
        elif text == ".":
            problems.add(_WHERE, "`.` stands for every column", fix="name the columns")
        elif token.kind is Token.Kind.NAME:
            names.append(text)
        elif token.kind is Token.Kind.PYTHON:
            names += [use.column for use in _expression_uses(text, problems)]
    check_known(problems, _WHERE, names, known=known)


def _factor_uses(factor: Any) -> list[_Use]:
    if factor.eval_method is Factor.EvalMethod.LOOKUP:
        return [_Use(factor.expr)]
    if factor.eval_method is Factor.EvalMethod.PYTHON:
        return _expression_uses(factor.expr, Problems())
    return []


def _expression_uses(expression: str, problems: Problems) -> list[_Use]:
    """Columns of one Python piece of a formula; notes everything in it that is not allowed."""
    aliases: dict[str, str] = {}
    clean = sanitize_variable_names(expression, {}, aliases)
    try:
        tree = ast.parse(clean, mode="eval")
    except (SyntaxError, ValueError):
        problems.add(_WHERE, f"`{expression}` cannot be read", fix=_EXAMPLE)
        return []
    return [
        _Use(aliases.get(use.column, use.column), use.grouped)
        for use in _walk(tree.body, expression, problems)
    ]


def _walk(node: ast.expr, expression: str, problems: Problems) -> Iterator[_Use]:
    match node:
        case ast.Name(id=name):
            yield _Use(name)
        case ast.Constant(value=bool() | int() | float()):
            pass
        case ast.Call(func=ast.Name(id="C"), args=[ast.Name(id=name)], keywords=[]):
            yield _Use(name, grouped=True)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in FUNCTIONS:
            if name == "C" and (keywords or len(args) != 1):
                what = f"`{expression}`: C() takes a column alone"
                problems.add(_WHERE, what, fix="contrasts do not change what is removed")
            for child in [*args, *(keyword.value for keyword in keywords)]:
                yield from _walk(child, expression, problems)
        case ast.Call(func=ast.Name(id=name), args=args):
            allowed = ", ".join(sorted(FUNCTIONS))
            problems.add(_WHERE, f"`{expression}`: no function `{name}`", fix=f"known: {allowed}")
            for child in args:
                yield from _walk(child, expression, problems)
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _ARITHMETIC):
            if isinstance(op, ast.Pow) and not _is_safe_power(left, right):
                what = f"`{expression}`: a power needs a column below and a number up to 10 above"
                problems.add(_WHERE, what)
            yield from _walk(left, expression, problems)
            yield from _walk(right, expression, problems)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            yield from _walk(operand, expression, problems)
        case ast.Compare(left=left, comparators=comparators):
            for child in [left, *comparators]:
                if not (isinstance(child, ast.Constant) and isinstance(child.value, str)):
                    yield from _walk(child, expression, problems)
        case _:
            piece = ast.unparse(node)
            what = f"`{expression}`: `{piece}` is neither a column, a number nor arithmetic"
            problems.add(_WHERE, what, fix=_EXAMPLE)


def _is_safe_power(base: ast.expr, exponent: ast.expr) -> bool:
    """Keeps powers of plain numbers out, whose size nothing bounds."""
    if isinstance(exponent, ast.UnaryOp):
        exponent = exponent.operand
    return (
        any(isinstance(node, ast.Name) for node in ast.walk(base))
        and isinstance(exponent, ast.Constant)
        and isinstance(exponent.value, int | float)
        and abs(exponent.value) <= _MAX_EXPONENT
    )


def model_matrix(
    frame: pd.DataFrame, parsed: ParsedFormula
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Columns of a formula over a sample table, as formulaic codes them.

    Args:
        frame: the formula's columns, one row a sample.
        parsed: a formula that `parse_formula` let through.

    Returns:
        The matrix, shape (n_samples, n_columns), and the names of its columns.

    Raises:
        StudyError: formulaic cannot evaluate it.
    """
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].cat.remove_unused_categories()
    try:
        with np.errstate(all="ignore"):
            table = Formula(list(parsed.terms)).get_model_matrix(
                frame, context=dict(EXTRA_FUNCTIONS), na_action="ignore", output="pandas"
            )
        matrix = np.ascontiguousarray(table.to_numpy(dtype=np.float64))
    except (FormulaicError, ArithmeticError, TypeError, ValueError) as error:
        raise StudyError(f"covariates refused: `{parsed.text}` cannot be evaluated: {error}") from (
            error
        )
    return matrix, tuple(str(column) for column in table.columns)
