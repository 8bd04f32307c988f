"""Whether a person is paid for on a day, and under which filing: docs/pool-format.md and docs/claim-format.md."""

from calendar import monthrange
from datetime import date, timedelta

import oracle_rules as rules
from oracle_rules import Block, Refused, as_day, begins, one_rule, says


def day_of(draft: Block) -> date:
    """The day of discharge for a stay, else of settlement."""
    return as_day(draft.get("endtime") or draft["setl_time"])


def facts_of(chain: list[Block], draft: Block) -> Block:
    """What the rules may ask of a claim, without its filing."""
    day = day_of(draft)
    begin, end = draft.get("begntime"), draft.get("endtime")
    return {
        "day": day,
        "days": max(1, (as_day(end) - as_day(begin)).days) if begin and end else 1,
        "scheme": rules.scheme_of(draft),
        "care": rules.mapped(chain, "care", "med_type", draft["med_type"], day),
        "level": rules.level_of(chain, draft, day),
        "disease": draft.get("dise_codg") or "",
        "psn_type": draft["psn_type"],
        "group": rules.mapped(chain, "group", "psn_type", draft["psn_type"], day),
        "age": draft.get("age", 0),
        "civil_servant": draft.get("cvlserv_flag") == "1",
        "assistance": draft.get("assistance") == "1",
        "family_doctor": draft.get("family_doctor") == "1",
        "place": draft["mdtrtarea_admvs"],
        "where": rules.where_is(chain, draft["insuplc_admdvs"], draft["mdtrtarea_admvs"]),
    }


def after(day: date, span: str) -> date:
    """The day a span later: "90 days", or "6 months": the same day of that month, or its last one."""
    number, unit = span.split()
    if unit == "days":
        return day + timedelta(days=int(number))
    assert unit == "months", span
    year, month = divmod(day.year * 12 + day.month - 1 + int(number), 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def person_rule(chain: list[Block], table: str, facts: Block) -> Block | None:
    scheme_and_care = says(scheme=facts["scheme"], care=facts["care"])
    return one_rule(
        chain,
        table,
        facts["day"],
        lambda block: begins(facts["psn_type"], block.get("psn_type", "")) and scheme_and_care(block),
    )


def insured(chain: list[Block], draft: Block, facts: Block) -> None:
    """Refuse who is suspended, but for a grace that still runs; and whose insurance has ended."""
    status = draft.get("psn_insu_stas") or "1"
    if status == "1":
        return
    rule, stopped = person_rule(chain, "suspension", facts), draft.get("paus_insu_date")
    if status == "2" and rule and stopped and facts["day"] < after(as_day(stopped), rule["grace"]):
        return
    raise Refused("P02_INSURANCE_SUSPENDED")


def begun(chain: list[Block], draft: Block, facts: Block) -> None:
    """Refuse whose benefits have not begun: by the claim's own word, or by a waiting period."""
    if draft.get("benefit_from") and facts["day"] < as_day(draft["benefit_from"]):
        raise Refused("P03_WAITING_PERIOD")
    rule = person_rule(chain, "waiting", facts)
    if rule is None:
        return
    if not draft.get("psn_insu_date"):
        raise Refused("C01_FIELD_MISSING")
    if facts["day"] < after(as_day(draft["psn_insu_date"]), rule["wait"]):
        raise Refused("P03_WAITING_PERIOD")


def when_filed(draft: Block) -> str:
    if not draft.get("filed_on"):
        return "unknown"
    day = as_day(draft["filed_on"])
    if day <= as_day(draft.get("begntime") or draft["setl_time"]):
        return "before_admission"
    return "before_discharge" if day <= day_of(draft) else "after_discharge"


def filing(chain: list[Block], draft: Block, facts: Block) -> str:
    """What the filing of a claim elsewhere counts as; a local claim needs none."""
    stated = draft.get("filing") or "unfiled"
    if facts["where"] == "local":
        return stated
    claim = {"filing": stated, "emergency": draft.get("emergency_flag") == "1", "filed": when_filed(draft)}
    fits = says(**claim, where=facts["where"], scheme=facts["scheme"])
    rule = one_rule(chain, "filing", facts["day"], fits)
    if rule is None:
        return stated
    if rule["is"] == "manual":
        raise Refused("R08_MANUAL_CLAIM")
    return str(rule["is"])


def elsewhere(chain: list[Block], facts: Block, day: date) -> Block:
    """The rule for care elsewhere under the claim's filing; nothing for care at home."""
    if facts["where"] == "local":
        return {}
    claim = says(**{name: facts[name] for name in ("scheme", "care", "filing", "where")})
    here = facts["place"]
    rule = one_rule(chain, "elsewhere", day, lambda b: begins(here, b.get("places", "")) and claim(b), before="places")
    if rule is None:
        raise Refused("R03_ELSEWHERE_MISSING")
    return rule
