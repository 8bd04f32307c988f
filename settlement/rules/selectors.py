"""Whom and what a rule is for: selectors of persons and of fee lines, and what they are asked about."""

from __future__ import annotations

from typing import NamedTuple

OWN_PAY = 3  # charge level 丙


class Who(NamedTuple):
    """Which persons a block is for; None does not ask."""

    groups: tuple[str, ...] | None = None
    age_from: int | None = None
    age_under: int | None = None
    civil_servant: bool | None = None
    assistance: bool | None = None
    family_doctor: bool | None = None
    psn_types: tuple[str, ...] | None = None  # beginnings of psn_type

    @property
    def asks_age(self) -> bool:
        """Tell whether the person's age matters."""
        return self.age_from is not None or self.age_under is not None

    def matches(self, person: Person) -> bool:
        """Tell whether a person is meant; an unknown age matches no age condition."""
        return (
            (self.groups is None or person.group in self.groups)
            and (self.age_from is None or 0 <= self.age_from <= person.age)
            and (self.age_under is None or 0 <= person.age < self.age_under)
            and (self.civil_servant is None or self.civil_servant == person.civil_servant)
            and (self.assistance is None or self.assistance == person.assistance)
            and (self.family_doctor is None or self.family_doctor == person.family_doctor)
            and begins_with(person.psn_type, self.psn_types)
        )

    def meets(self, other: Who) -> bool:
        """Tell whether some person is meant by both."""
        if self.groups is not None and other.groups is not None and not set(self.groups) & set(other.groups):
            return False
        if not beginnings_meet(self.psn_types, other.psn_types):
            return False
        for mine, theirs in zip(self._flags(), other._flags(), strict=True):
            if mine is not None and theirs is not None and mine != theirs:
                return False
        low = max(self.age_from or 0, other.age_from or 0)
        ends = [end for end in (self.age_under, other.age_under) if end is not None]
        return not ends or low < min(ends)

    def _flags(self) -> tuple[bool | None, ...]:
        return self.civil_servant, self.assistance, self.family_doctor


class Person(NamedTuple):
    """What the rules may ask about a person; age -1 is unknown."""

    group: str
    age: int = -1
    civil_servant: bool = False
    assistance: bool = False
    family_doctor: bool = False
    psn_type: str = ""  # the longest beginning that a rule of the area names, "" if none fits


class Kind(NamedTuple):
    """What the rules may ask about a fee line; codes are cut to the longest beginning that some rule names."""

    chrgitm_lv: int
    med_chrgitm_type: str = ""
    negotiated: bool = False
    code: str = ""
    disease: str = ""
    stated: bool = False  # the line states its first-pay ratio


class Items(NamedTuple):
    """A selector of fee lines; None does not ask."""

    classes: tuple[int, ...] | None = None
    types: tuple[str, ...] | None = None
    negotiated: bool | None = None
    codes: tuple[str, ...] | None = None
    diseases: tuple[str, ...] | None = None
    any_disease: bool = False

    def accepts(self, kind: Kind) -> bool:
        """Tell whether a line is selected; 丙 never is."""
        return (
            kind.chrgitm_lv != OWN_PAY
            and (self.classes is None or kind.chrgitm_lv in self.classes)
            and begins_with(kind.med_chrgitm_type, self.types)
            and (self.negotiated is None or self.negotiated == kind.negotiated)
            and begins_with(kind.code, self.codes)
            and begins_with(kind.disease, self.diseases)
            and (not self.any_disease or kind.disease != "")
        )

    def meets(self, other: Items) -> bool:
        """Tell whether some line may be selected by both."""
        classes = self.classes is None or other.classes is None or bool(set(self.classes) & set(other.classes))
        flags = None in (self.negotiated, other.negotiated) or self.negotiated == other.negotiated
        return (
            classes
            and flags
            and beginnings_meet(self.types, other.types)
            and beginnings_meet(self.codes, other.codes)
            and beginnings_meet(self.diseases, other.diseases)
        )


def begins_with(code: str, beginnings: tuple[str, ...] | None) -> bool:
    """Tell whether a code begins with one of the given ones; None admits every code."""
    return beginnings is None or code.startswith(beginnings)


def beginnings_meet(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> bool:
    """Tell whether some code begins with one of each."""
    if one is None or other is None:
        return True
    return any(a.startswith(b) or b.startswith(a) for a in one for b in other)
