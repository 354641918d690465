"""Quantities into SI, values between units, and the algebra of unit names.

Values are those of the SI Brochure (9th ed.) and NIST SP 811 (2008), Appendix B.
"""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fieldsim.errors import UnitsError
from fieldsim.units import (
    check_unit,
    convert,
    looks_like_quantity,
    parse_quantity,
    per_length,
    power,
    pretty,
    quantity_dimension_matches,
    si_unit,
    times,
)
from fieldsim.units.algebra import parse_unit

# text, unit expected, SI value. Equal, not nearly: "5 cm" is the number 0.05.
QUANTITIES = [
    ("5 cm", "m", 0.05),
    ("5cm", "m", 0.05),
    ("  5   cm ", "m", 0.05),
    ("-3 mm", "m", -0.003),
    ("+3 mm", "m", 0.003),
    (".5 km", "m", 500.0),
    ("5. um", "m", 5e-6),
    ("3 µm", "m", 3e-6),
    ("3 \N{GREEK SMALL LETTER MU}m", "m", 3e-6),
    ("2 Å", "m", 2e-10),
    ("1 inch", "m", 0.0254),
    ("1 ft", "m", 0.3048),
    ("5 m²", "m^2", 5.0),
    ("5 m³/s", "m^3/s", 5.0),
    ("5 m⁻¹", "1/m", 5.0),
    ("1 l", "m^3", 0.001),
    ("52 W/m/K", "W/m/K", 52.0),
    ("52 W/(m*K)", "W/m/K", 52.0),
    ("52 W/(m·K)", "W/m/K", 52.0),
    ("52 W m^-1 K^-1", "W/m/K", 52.0),
    ("52 W*m**-1*K**-1", "W/m/K", 52.0),
    ("0.52 W/cm/K", "W/m/K", 52.0),
    ("750 W/m^2/degC", "W/m^2/K", 750.0),
    ("2.7 g/cm^3", "kg/m^3", 2700.0),
    ("7.85 t/m^3", "kg/m^3", 7850.0),
    ("4.2 kJ/kg/K", "J/kg/K", 4200.0),
    ("1 cal", "J", 4.184),
    ("1 kW*hour", "J", 3.6e6),
    ("1e-9 m^2/s", "m^2/s", 1e-9),
    ("1E-9 m^2/s", "m^2/s", 1e-9),
    ("12 mm^2/s", "m^2/s", 1.2e-5),
    ("5 1/s", "1/s", 5.0),
    ("5 kHz", "1/s", 5000.0),
    ("5 Hz", "1/s", 5.0),
    ("100 degC", "K", 373.15),
    ("100 °C", "K", 373.15),
    ("100 ℃", "K", 373.15),
    ("100 celsius", "K", 373.15),
    ("100 degC", "degC", 373.15),
    ("-273.15 degC", "K", 0.0),
    ("0 degC", "K", 273.15),
    ("212 degF", "K", 373.15),
    ("212 °F", "K", 373.15),
    ("32 degF", "K", 273.15),
    ("-459.67 degF", "K", 0.0),
    ("300 K", "K", 300.0),
    ("300 mK", "K", 0.3),
    ("5 delta_degC", "K", 5.0),
    ("6.5 degC/km", "K/m", 0.0065),
    ("6.5 K/km", "K/m", 0.0065),
    ("0.1 %", "", 0.001),
    ("0.1%", "", 0.001),
    ("10 percent", "", 0.1),
    ("5 %/K", "1/K", 0.05),
    ("250 ppm", "", 2.5e-4),
    ("2 ‰", "", 0.002),
    ("90 deg", "", math.pi / 2),
    ("90°", "rad", math.pi / 2),
    ("1 rad", "", 1.0),
    ("30 mGal", "m/s^2", 3e-4),
    ("1 Gal", "m/s^2", 0.01),
    ("1 eV", "J", 1.602176634e-19),
    ("2 MeV", "J", 3.204353268e-13),
    ("2 hour", "s", 7200.0),
    ("2 h", "s", 7200.0),
    ("30 min", "s", 1800.0),
    ("1 day", "s", 86400.0),
    ("1 year", "s", 31557600.0),
    ("90 km/hour", "m/s", 25.0),
    ("1 nC", "C", 1e-9),
    ("2 uC/m^2", "C/m^2", 2e-6),
    ("3 kV/mm", "V/m", 3e6),
    ("1 kΩ", "ohm", 1000.0),
    ("10 pF", "F", 1e-11),
    ("1 bar", "Pa", 1e5),
    ("1 atm", "Pa", 101325.0),
    ("1 uT", "T", 1e-6),
    ("5 N*m", "J", 5.0),
    ("5 kg m/s^2", "N", 5.0),
    ("2 m^0.5", "m^(1/2)", 2.0),
    ("1", "m", 1.0),
    ("1e-3", "W/m/K", 1e-3),
    ("-0", "m", 0.0),
    ("1e-400", "m", None),
    ("0e-400", "m", 0.0),
    (5, "m", 5.0),
    (-0.25, "m", -0.25),
    (np.float32(0.5), "m", 0.5),
    (np.int64(7), "", 7.0),
]


@pytest.mark.parametrize(("value", "unit", "expected"), QUANTITIES, ids=[ascii(row[0]) for row in QUANTITIES])
def test_quantity_in_si(value: Any, unit: str, expected: float | None) -> None:
    if expected is None:
        with pytest.raises(UnitsError, match="too small"):
            parse_quantity(value, unit, name="L")
        return
    result = parse_quantity(value, unit, name="L")
    assert isinstance(result, float)
    assert result == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5 degC", 5.0), ("9 degF", 5.0), ("5 K", 5.0), ("-5 degC", -5.0), ("-500 degC", -500.0), ("5 delta_degC", 5.0)],
)
def test_temperature_differences_have_no_offset(text: str, expected: float) -> None:
    assert parse_quantity(text, "K", name="step", difference=True) == expected


# value, unit expected, words of the message
REFUSED: list[tuple[Any, str, str]] = [
    ("5 m", "W/m/K", "a length, not a thermal conductivity"),
    ("5 W/m/K", "m", "a thermal conductivity, not a length"),
    ("5 m", "", "a length, not a number without dimension"),
    ("5 %", "m", "a number without dimension, not a length"),
    ("5 J", "W", "an energy, not a power"),
    ("5 W/m^2", "W/m^3", "a heat flux, not a heat source density"),
    ("5 V", "V/m", "an electric potential, not an electric field strength"),
    ("5 kg*m*A", "K", "a quantity of dimension current*length*mass, not a temperature"),
    ("5 C", "K", "Write degC for a temperature"),
    ("5 F", "K", "Write degF for a temperature"),
    ("5 J/kg/C", "J/kg/K", "Write degC for a temperature"),
    ("1,5", "m", "Write 1.5 with a decimal point"),
    ("1,5 m", "m", "Write 1.5 m with a decimal point"),
    ("1,000.5 m", "m", "with a decimal point"),
    ("1 000 m", "m", "in one piece"),
    ("1.2.3 m", "m", "in one piece"),
    ("5 10 m", "m", "in one piece"),
    ("nan", "m", "must be finite"),
    ("NaN m", "m", "must be finite"),
    (".nan", "m", "must be finite"),
    ("inf", "m", "must be finite"),
    ("-Infinity m", "m", "must be finite"),
    ("1e400", "m", "must be finite"),
    ("1e300 Gm", "m", "must be finite"),
    (math.nan, "m", "must be finite"),
    (-math.inf, "m", "must be finite"),
    (10**400, "m", "must be finite"),
    ("1e-400 m", "m", "too small"),
    ("1e999999999999 m", "m", "must be finite"),
    (True, "m", "Write a number"),
    (None, "m", "Write a number"),
    ([5], "m", "Write a number"),
    (5j, "m", "Write a number"),
    (b"5 m", "m", "Write a number"),
    ("", "m", "Write a number"),
    ("m", "m", "Write a number"),
    ("x", "", 'Write 0.05 or "5 %"'),
    ("2*x", "m", "A symbol is missing before '*'"),
    ("5*m", "m", "A symbol is missing before '*'"),
    ("5 m/", "m", "A symbol is missing after '/'"),
    ("5 m//s", "m", "A symbol is missing before '/'"),
    ("5 m*", "m", "A symbol is missing after"),
    ("5 (m", "m", "never closed"),
    ("5 m)", "m", "no matching ("),
    ("5 ()", "m", "missing before ')'"),
    ("5 " + "(" * 20 + "m" + ")" * 20, "m", "too deeply"),
    ("5 (m)s", "m", "Write * before 's'"),
    ("5/s", "1/s", "Write 5 1/s"),
    ("5 m2", "m^2", "Write m^2 for a power of m"),
    ("5 kg/m3", "kg/m^3", "Write m^3"),
    ("5 J/kg K", "J/kg/K", "can be read in two ways"),
    ("5 m^", "m", "'^' does not belong"),
    ("5 m^x", "m", "'^' does not belong"),
    ("5 m^99", "m", "larger than 12"),
    ("5 m**9**9**9", "m", "no symbol before it"),
    ("5 m^(1/0)", "m", "divides by zero"),
    ("5 m^9999999999", "m", "9999999"),
    ("5 metrr", "m", "Unknown unit 'metrr'"),
    ("5 kpa", "Pa", "did you mean 'kPa'?"),
    ("5 degc", "K", "did you mean 'degC'?"),
    ("5 dB", "", "logarithmic"),
    ("-300 degC", "K", "above absolute zero"),
    ("-500 degF", "K", "above absolute zero"),
    ("5 m; 6", "m", "';' does not belong"),
    ("5 __class__", "m", "'_' does not belong"),
    ("5 m.real", "m", "'.' does not belong"),
    ("5 'm'", "m", "does not belong"),
    ("5 \N{CYRILLIC SMALL LETTER ES}m", "m", r"'\u0441' does not belong"),
    ("5 \u200bm", "m", r"'\u200b' does not belong"),
    ("5 \x07m", "m", r"'\x07' does not belong"),
    ("５ m", "m", "Write a number"),
    ("5 " + "m*" * 100 + "m", "m", "at most 200 characters"),
    ("5 " + "m/m*" * 30 + "m", "m", "at most 100 characters"),
    ("9" * 300 + " m", "m", "at most 200 characters"),
    ("x" * 1_000_000, "m", "at most 200 characters"),
]


@pytest.mark.parametrize(("value", "unit", "words"), REFUSED, ids=[ascii(row[0])[:40] for row in REFUSED])
def test_refusals_say_what_was_expected_and_what_to_write(value: Any, unit: str, words: str) -> None:
    with pytest.raises(UnitsError) as caught:
        parse_quantity(value, unit, name="mesh.x")
    message = str(caught.value)
    assert message.startswith("`mesh.x` must be ")
    assert words in message
    assert len(message) < 500
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text", ["5 cm", "1e-3", "5", "-2", "10 %", "10%", "2 1/s", "52 W/m/K", "3 µm", " 5 m ", "90°"]
)
def test_a_number_with_a_unit_looks_like_a_quantity(text: str) -> None:
    assert looks_like_quantity(text)


@pytest.mark.parametrize(
    "text",
    ["", "x", "T0", "2*x", "5 + x", "1/r", "5 - 3", "2 if x else y", "2 (x)", "100 - x**2 - y**2", "1,5", "5 1", "nan"],
)
def test_a_formula_does_not_look_like_a_quantity(text: str) -> None:
    assert not looks_like_quantity(text)


# ---- the algebra of names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "gradient", "laplacian"),
    [
        ("V", "V/m", "V/m^2"),
        ("V/m", "V/m^2", "V/m^3"),
        ("m", "1", "1/m"),
        ("", "1/m", "1/m^2"),
        ("1", "1/m", "1/m^2"),
        ("degC", "K/m", "K/m^2"),
        ("°C", "K/m", "K/m^2"),
        ("K", "K/m", "K/m^2"),
        ("m^2/s", "m/s", "1/s"),
        ("J/kg", "J/kg/m", "J/kg/m^2"),
        ("W/m/K", "W/m^2/K", "W/m^3/K"),
        ("N*m", "N", "N/m"),
        ("kg m/s^2", "kg/s^2", "kg/m/s^2"),
        ("1/s", "1/s/m", "1/s/m^2"),
        ("m**2", "m", "1"),
        ("m^0.5", "1/m^0.5", "1/m^1.5"),
        ("m^(1/3)", "1/m^(2/3)", "1/m^(5/3)"),
        ("(m/s)^2", "m/s^2", "1/s^2"),
        ("V/(m*s)", "V/m^2/s", "V/m^3/s"),
        ("%", "%/m", "%/m^2"),
        ("mGal", "mGal/m", "mGal/m^2"),
        ("m/m", "1/m", "1/m^2"),
    ],
)
def test_unit_of_derivatives(unit: str, gradient: str, laplacian: str) -> None:
    assert per_length(unit) == gradient
    assert per_length(unit, 2) == laplacian
    assert set(parse_unit(per_length(gradient))) == set(parse_unit(laplacian))


def test_unit_of_an_integral_over_a_volume() -> None:
    assert per_length("kg/m^3", -3) == "kg"
    assert per_length("C/m^3", -2) == "C/m"


@pytest.mark.parametrize(
    ("left", "right", "product"),
    [
        ("V/m", "m", "V"),
        ("", "", ""),
        ("1", "", "1"),
        ("", "V", "V"),
        ("degC", "", "degC"),
        ("degC", "m", "K*m"),
        ("degC/m", "m", "K"),
        ("W/m/K", "K/m", "W/m^2"),
        ("C", "1/C", "1"),
        ("F/m", "V/m^2", "C/m^3"),
        ("kg", "m/s^2", "kg*m/s^2"),
        ("m^0.5", "m^0.5", "m"),
    ],
)
def test_unit_of_products(left: str, right: str, product: str) -> None:
    assert times(left, right) == product


@pytest.mark.parametrize(
    ("unit", "exponent", "result"),
    [
        ("m/s", 2, "m^2/s^2"),
        ("m^2", 0.5, "m"),
        ("V", -1, "1/V"),
        ("V", 1, "V"),
        ("V", 0, "1"),
        ("", 3, ""),
        ("1", 3, "1"),
        ("degC", 2, "K^2"),
        ("degC", 1, "degC"),
        ("m", 1 / 3, "m^(1/3)"),
    ],
)
def test_unit_of_powers(unit: str, exponent: float, result: str) -> None:
    assert power(unit, exponent) == result


@pytest.mark.parametrize(
    ("unit", "label"),
    [
        ("V/m^2", "V/m²"),
        ("W/m/K", "W/(m·K)"),
        ("kg m/s^2", "kg·m/s²"),
        ("1/m", "1/m"),
        ("1/m^3", "1/m³"),
        ("degC", "°C"),
        ("degC/km", "°C/km"),
        ("ohm*m", "Ω·m"),
        ("um^2/s", "µm²/s"),
        ("uSv", "uSv"),
        ("%", "%"),
        ("percent", "%"),
        ("deg", "°"),
        ("V/Hz^0.5", "V/Hz^0.5"),
        ("W/m^2/K^4", "W/(m²·K⁴)"),
        ("", ""),
        ("1", ""),
        ("arbitrary units?", "arbitrary units?"),
    ],
)
def test_labels(unit: str, label: str) -> None:
    assert pretty(unit) == label


@pytest.mark.parametrize("unit", ["m2", "J/kg K", "m^99", "V/", "5 m", "m+s", "x" * 200, "if"])
def test_algebra_refuses_what_is_no_unit(unit: str) -> None:
    for attempt in (lambda: per_length(unit), lambda: times("m", unit), lambda: power(unit, 2)):
        with pytest.raises(UnitsError, match="`unit` must be a unit"):
            attempt()


def test_units_are_text() -> None:
    with pytest.raises(UnitsError, match="a unit as text"):
        per_length(5)  # type: ignore[arg-type]


symbols = st.sampled_from(["m", "s", "kg", "K", "V", "J", "W", "C", "mol", "Pa", "A"])
factors = st.tuples(symbols, st.integers(-4, 4).filter(bool))


def written(parts: list[tuple[str, int]]) -> str:
    return "*".join(f"{symbol}^{exponent}" for symbol, exponent in parts)


units = st.lists(factors, min_size=1, max_size=3).map(written)


@pytest.fixture(scope="module")
def registry() -> Any:
    """Return pint itself, the oracle of the algebra."""
    import pint

    return pint.UnitRegistry()


@settings(deadline=None)
@given(left=units, right=units, exponent=st.integers(-3, 3))
@example(left="m^1", right="m^-1", exponent=0)
def test_algebra_agrees_with_pint(registry: Any, left: str, right: str, exponent: int) -> None:
    def agree(ours: str, theirs: Any) -> bool:
        unit = registry.Unit("dimensionless" if ours == "1" else ours)
        return bool(registry.Quantity(1, unit).to(theirs).magnitude == pytest.approx(1.0, rel=1e-12))

    first, second = registry.Unit(left), registry.Unit(right)
    assert agree(times(left, right), first * second)
    assert agree(power(left, exponent), first**exponent)
    assert agree(per_length(left, exponent), first / registry.Unit("m") ** exponent)


@settings(deadline=None)
@given(st.text(max_size=40))
@example("m\ud800")
@example("5 m\u2028")
def test_any_text_is_a_quantity_or_a_units_error(text: str) -> None:
    for attempt in (
        lambda: parse_quantity(text, "m", name="L"),
        lambda: parse_quantity("5 " + text, "m", name="L"),
        lambda: per_length(text),
    ):
        try:
            attempt()
        except UnitsError:
            continue
    assert isinstance(looks_like_quantity(text), bool)
    assert isinstance(pretty(text), str)


SOME_WORDS = "m s kg K degC % deg 1 2 ^ ** * / ( ) - . 0.5 µ Ω ² dB foo if"
UNIT_WORDS = st.sampled_from([*SOME_WORDS.split(" "), " "])


@settings(deadline=None, max_examples=300)
@given(st.lists(UNIT_WORDS, max_size=12))
def test_any_string_of_unit_words_is_a_quantity_or_a_units_error(words: list[str]) -> None:
    try:
        value = parse_quantity("5 " + "".join(words), "m", name="L")
    except UnitsError:
        return
    assert math.isfinite(value)


# ---- between units ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1.0, "m", "mm", 1000.0),
        (5.0, "mm", "m", 0.005),
        (300.0, "K", "degC", 26.85),
        (100.0, "degC", "degF", 212.0),
        (-40.0, "degF", "degC", -40.0),
        (0.0, "degC", "K", 273.15),
        (6.5, "K/km", "degC/m", 0.0065),
        (3e6, "V/m", "kV/mm", 3.0),
        (1.0, "J", "eV", 1 / 1.602176634e-19),
        (9.80665, "m/s^2", "mGal", 980665.0),
        (0.25, "", "%", 25.0),
        (0.25, "1", "ppm", 250000.0),
        (math.pi, "rad", "deg", 180.0),
        (2.0, "year", "day", 730.5),
        (4.0, "m^0.5", "cm^0.5", 40.0),
        (7.0, "nonsense", "nonsense", None),
    ],
)
def test_convert(value: float, source: str, target: str, expected: float | None) -> None:
    if expected is None:
        with pytest.raises(UnitsError, match="Unknown unit 'nonsense'"):
            convert(value, source, target)
        return
    result = convert(value, source, target)
    assert isinstance(result, float)
    assert result == pytest.approx(expected, rel=1e-14)


def test_convert_differences_and_arrays() -> None:
    assert convert(10.0, "degC", "degF", difference=True) == pytest.approx(18.0, rel=1e-15)
    assert convert(10.0, "K", "degC", difference=True) == 10.0
    celsius = np.array([[0.0, 100.0], [np.nan, -273.15]])
    before = celsius.copy()
    kelvin = convert(celsius, "degC", "K")
    np.testing.assert_array_equal(kelvin, [[273.15, 373.15], [np.nan, 0.0]])
    np.testing.assert_array_equal(celsius, before)
    same = convert(celsius, "K", "K")
    same[0, 0] = 99.0
    np.testing.assert_array_equal(celsius, before)
    assert convert(np.array([1, 2], dtype=np.int8), "km", "m").tolist() == [1000.0, 2000.0]


def test_convert_refuses_other_dimensions_and_other_values() -> None:
    with pytest.raises(UnitsError, match="a length, not a time"):
        convert(1.0, "m", "s")
    with pytest.raises(UnitsError, match="real numbers"):
        convert("one", "m", "mm")
    with pytest.raises(UnitsError, match="real numbers"):
        convert([1j], "m", "mm")


@settings(deadline=None)
@given(
    st.floats(-1e6, 1e6),
    st.sampled_from([("m", "mm"), ("degC", "degF"), ("K", "degF"), ("J", "eV"), ("V/m", "kV/mm"), ("m/s", "km/hour")]),
    st.booleans(),
)
def test_converting_there_and_back_is_the_identity(value: float, pair: tuple[str, str], difference: bool) -> None:
    there = convert(value, pair[0], pair[1], difference=difference)
    back = convert(there, pair[1], pair[0], difference=difference)
    assert back == pytest.approx(value, rel=1e-13, abs=1e-9)


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.sampled_from(["cm", "g/cm^3", "kJ/kg/K", "degF", "mGal", "hour", "ppm", "um^2/s"]))
def test_quantities_and_conversion_agree(value: float, unit: str) -> None:
    parsed = parse_quantity(f"{value!r} {unit}", si_unit(unit), name="L", difference=True)
    assert parsed == pytest.approx(convert(value, unit, si_unit(unit), difference=True), rel=1e-14, abs=0.0)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("g/cm^3", "kg/m^3"),
        ("kJ/kg/K", "J/kg/K"),
        ("degC", "K"),
        ("W/m/degC", "W/m/K"),
        ("hour", "s"),
        ("eV", "J"),
        ("mGal", "m/s^2"),
        ("bar", "Pa"),
        ("kV/mm", "V/m"),
        ("uT", "T"),
        ("l/min", "m^3/s"),
        ("kHz", "1/s"),
        ("%", ""),
        ("deg", "rad"),
        ("N*m", "N*m"),
        ("Hz", "Hz"),
        ("", ""),
    ],
)
def test_si_unit(unit: str, expected: str) -> None:
    assert si_unit(unit) == expected
    assert quantity_dimension_matches(unit, expected)
    assert convert(1.0, expected, expected) == 1.0


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("J", "N*m", True),
        ("W/m/K", "W/(m*degC)", True),
        ("V/m", "N/C", True),
        ("eV", "J", True),
        ("rad", "", True),
        ("m", "s", False),
        ("W/m^2", "W/m^3", False),
    ],
)
def test_dimensions_match(left: str, right: str, same: bool) -> None:
    assert quantity_dimension_matches(left, right) is same


def test_check_unit_names_the_argument() -> None:
    check_unit("W/m/K")
    check_unit("mGal", name="field.unit")
    with pytest.raises(UnitsError, match=r"`field.unit` must be a known unit; got 'mGall'. .*did you mean 'mGal'"):
        check_unit("mGall", name="field.unit")
    with pytest.raises(UnitsError, match=r"`field.unit` must be a unit; got 'm2'"):
        check_unit("m2", name="field.unit")


def test_pint_is_imported_only_for_a_unit_that_has_to_be_looked_up() -> None:
    program = """
import sys
from fieldsim import units
units.parse_quantity(5, "W/m/K", name="k")
units.parse_quantity("1e-3", "W/m/K", name="k")
units.parse_quantity("52 W/m/K", "W/(m*K)", name="k")
units.per_length("degC"), units.times("V/m", "m"), units.power("m", 2), units.pretty("W/m^2")
units.check_unit("W/m^2/K^4"), units.convert([1.0], "m", "m"), units.looks_like_quantity("5 mGal")
assert "pint" not in sys.modules
units.parse_quantity("5 cm", "m", name="L")
assert "pint" in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


@pytest.mark.parametrize(
    ("first", "second", "product"),
    [("F/m", "V/m^2", "C/m^3"), ("V", "A", "W"), ("W/m^2", "s", "J/m^2"), ("A", "s", "C"), ("V/m", "s", "V*s/m")],
)
def test_named_products(first: str, second: str, product: str) -> None:
    """C = F V = A s, W = V A, J = W s (SI Brochure, 9th edition, table 4)."""
    assert times(first, second) == product
