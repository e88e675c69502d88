"""Country and currency codes, against the data set that Debian keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pycountry

from orders.domain.iso import AS_OF, COUNTRIES, CURRENCIES

_FUNDS = {"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW"}
_PAYABLE_X = {"XAF", "XCD", "XCG", "XOF", "XPF"}


def test_countries_are_all_of_iso_3166() -> None:
    """Every country has its code, and no code stands for a country that there is not."""
    assert set(COUNTRIES) == {country.alpha_2 for country in pycountry.countries}


def test_currencies_are_all_that_people_pay_with() -> None:
    """Every currency of ISO 4217 can be used, but no fund, metal, test or "no currency" code."""
    known = {currency.alpha_3 for currency in pycountry.currencies}
    payable = {code for code in known - _FUNDS if code[0] != "X" or code in _PAYABLE_X}
    assert set(CURRENCIES) == payable


def test_the_tables_are_not_older_than_a_year() -> None:
    """Countries, currencies and postal codes come and go: once a year somebody looks again."""
    age = datetime.now(UTC).date() - date.fromisoformat(AS_OF)
    assert age.days <= 366, "compare orders/domain/iso.py with its sources, then set AS_OF"
