"""The equations of derived values, on exact inputs that may be intervals; nothing is rounded.

Creatinine is in mg/dL by an assay traceable to IDMS, weight in kg, height in cm, age in completed years. Equations that
were made with a coefficient for race are given without it: it is never applied here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.chart import Sex
from cds.core.enclosures import power, product, spanned
from cds.core.quantities import Interval

if TYPE_CHECKING:
    from collections.abc import Callable


def _linear(
    equation: Callable[..., Fraction], *, rising: tuple[Interval, ...], falling: tuple[Interval, ...] = ()
) -> Interval:
    """Span an equation of sums and quotients, whose value at a point is one fraction."""
    return spanned(lambda *at: Interval.exactly(equation(*at)), rising=rising, falling=falling)


def mdrd(creatinine: Interval, age: Interval, sex: Sex) -> Interval:
    """Estimate filtration per 1.73 m² by the four-variable MDRD equation as re-expressed for IDMS creatinine.

    175 × creatinine^-1.154 × age^-0.203 × 0.742 if female, in mL/min/1.73 m². It underestimates near-normal function.
    The factor 1.212 that it had for Black patients is never applied. Levey et al. 2006, Ann Intern Med 145:247.
    """
    sexed = Fraction("0.742") if sex is Sex.FEMALE else Fraction(1)
    return spanned(
        lambda scr, years: product(
            Fraction(175), power(scr, Fraction("-1.154")), power(years, Fraction("-0.203")), sexed
        ),
        falling=(creatinine, age),
    )


def ckd_epi_2009(creatinine: Interval, age: Interval, sex: Sex) -> Interval:
    """Estimate filtration per 1.73 m² by the CKD-EPI creatinine equation of 2009.

    141 × min(creatinine/κ, 1)^α × max(creatinine/κ, 1)^-1.209 × 0.993^age × 1.018 if female, in mL/min/1.73 m²; κ is
    0.7 for women and 0.9 for men, α -0.329 and -0.411. The factor 1.159 that it had for Black patients is never
    applied. Levey et al. 2009, Ann Intern Med 150:604.
    """
    female = sex is Sex.FEMALE
    return _ckd_epi(
        (creatinine, age),
        kappa=Fraction("0.7") if female else Fraction("0.9"),
        alpha=Fraction("-0.329") if female else Fraction("-0.411"),
        beta=Fraction("-1.209"),
        yearly=Fraction("0.993"),
        scale=Fraction(141) * (Fraction("1.018") if female else 1),
    )


def ckd_epi_2021(creatinine: Interval, age: Interval, sex: Sex) -> Interval:
    """Estimate filtration per 1.73 m² by the CKD-EPI creatinine equation of 2021, made without race.

    142 × min(creatinine/κ, 1)^α × max(creatinine/κ, 1)^-1.200 × 0.9938^age × 1.012 if female, in mL/min/1.73 m²; κ is
    0.7 for women and 0.9 for men, α -0.241 and -0.302. Inker et al. 2021, N Engl J Med 385:1737.
    """
    female = sex is Sex.FEMALE
    return _ckd_epi(
        (creatinine, age),
        kappa=Fraction("0.7") if female else Fraction("0.9"),
        alpha=Fraction("-0.241") if female else Fraction("-0.302"),
        beta=Fraction("-1.2"),
        yearly=Fraction("0.9938"),
        scale=Fraction(142) * (Fraction("1.012") if female else 1),
    )


def _ckd_epi(
    inputs: tuple[Interval, ...], *, kappa: Fraction, alpha: Fraction, beta: Fraction, yearly: Fraction, scale: Fraction
) -> Interval:
    """Span the form that both CKD-EPI equations share; it falls with creatinine and with age."""
    one = Fraction(1)
    return spanned(
        lambda scr, years: product(
            scale, power(min(scr / kappa, one), alpha), power(max(scr / kappa, one), beta), power(yearly, years)
        ),
        falling=inputs,
    )


def cockcroft_gault(creatinine: Interval, age: Interval, sex: Sex, weight: Interval) -> Interval:
    """Estimate creatinine clearance, not per body surface: what drug labels and most protocols mean by CrCl.

    (140 - age) × weight / (72 × creatinine) × 0.85 if female, in mL/min. Which weight is taken is part of the formula's
    name. It is no eGFR, and no eGFR stands for it. Cockcroft & Gault 1976, Nephron 16:31.
    """
    sexed = Fraction("0.85") if sex is Sex.FEMALE else Fraction(1)
    return _linear(
        lambda kg, scr, years: (140 - years) * kg / (72 * scr) * sexed, rising=(weight,), falling=(creatinine, age)
    )


FIVE_FEET_CM = Fraction("152.4")


def ideal_weight(height: Interval, sex: Sex) -> Interval | None:
    """Give the ideal body weight in kg for a height; below five feet (152.4 cm) it is not defined, and none is given.

    50 kg for men and 45.5 kg for women, and 2.3 kg for each inch over five feet. Devine 1974, Drug Intell Clin Pharm
    8:650.
    """
    if height.low is None or height.low.at < FIVE_FEET_CM:
        return None
    base = Fraction("45.5") if sex is Sex.FEMALE else Fraction(50)
    inches = Fraction("2.54")
    return _linear(lambda cm: base + Fraction("2.3") * (cm - FIVE_FEET_CM) / inches, rising=(height,))


def adjusted_weight(weight: Interval, height: Interval, sex: Sex) -> Interval | None:
    """Give the weight that dosing in obesity goes by: ideal weight and 0.4 of what lies over it, in kg.

    ideal + 0.4 × (actual - ideal): a convention of clinical pharmacy, with no single paper. Below the ideal weight it
    lies between the two, as the formula says.
    """
    ideal = ideal_weight(height, sex)
    if ideal is None:
        return None
    part = Fraction("0.4")
    return _linear(lambda actual, devine: devine + part * (actual - devine), rising=(weight, ideal))


def anc_from_percent(leukocytes: Interval, percent: Interval) -> Interval:
    """Count neutrophils from white cells and the share that are neutrophils, segmented and band forms together.

    leukocytes × percent / 100, in 10⁹/L; both from one blood sample. A share of segmented forms alone is not taken: the
    count would come out too low. The sum that laboratories report; no single paper.
    """
    return _linear(lambda cells, share: cells * share / 100, rising=(leukocytes, percent))


def anc_from_counts(segmented: Interval, bands: Interval) -> Interval:
    """Count neutrophils as the sum of segmented and band forms of one manual differential, in 10⁹/L."""
    return _linear(lambda mature, young: mature + young, rising=(segmented, bands))


def qtc_fridericia(qt: Interval, heart_rate: Interval) -> Interval:
    """Correct the QT interval for heart rate by the cube root of RR: QT / (60 / rate)^(1/3), in ms.

    QT in ms and rate per minute, of one electrocardiogram. Fridericia 1920, Acta Med Scand 53:469.
    """
    return _corrected_qt(qt, heart_rate, Fraction(1, 3))


def qtc_bazett(qt: Interval, heart_rate: Interval) -> Interval:
    """Correct the QT interval for heart rate by the square root of RR: QT / (60 / rate)^(1/2), in ms.

    It overcorrects when the heart is fast. QT in ms and rate per minute, of one electrocardiogram. Bazett 1920, Heart
    7:353.
    """
    return _corrected_qt(qt, heart_rate, Fraction(1, 2))


def _corrected_qt(qt: Interval, heart_rate: Interval, root: Fraction) -> Interval:
    return spanned(lambda ms, rate: product(ms, power(rate / 60, root)), rising=(qt, heart_rate))


def bmi(weight: Interval, height: Interval) -> Interval:
    """Give the body mass index: weight over the square of height in metres, in kg/m². WHO 1995, TRS 854."""
    return _linear(lambda kg, cm: kg / (cm / 100) ** 2, rising=(weight,), falling=(height,))


def bsa_mosteller(weight: Interval, height: Interval) -> Interval:
    """Estimate body surface as the square root of height × weight / 3600, in m². Mosteller 1987, NEJM 317:1098."""
    return spanned(lambda kg, cm: power(kg * cm / 3600, Fraction(1, 2)), rising=(weight, height))


def bsa_du_bois(weight: Interval, height: Interval) -> Interval:
    """Estimate body surface: 0.007184 × weight^0.425 × height^0.725, in m². Du Bois 1916, Arch Intern Med 17:863."""
    return spanned(
        lambda kg, cm: product(Fraction("0.007184"), power(kg, Fraction("0.425")), power(cm, Fraction("0.725"))),
        rising=(weight, height),
    )


def corrected_calcium(calcium: Interval, albumin: Interval) -> Interval:
    """Tell what total calcium would be if albumin were 4 g/dL: it is low where albumin is low, without meaning it.

    calcium + 0.8 × (4 - albumin), in mg/dL with albumin in g/dL. An ionised calcium says more. Payne et al. 1973, Br
    Med J 4:643.
    """
    return _linear(
        lambda total, protein: total + Fraction("0.8") * (4 - protein), rising=(calcium,), falling=(albumin,)
    )
