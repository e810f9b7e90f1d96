"""Sites' criteria, and what was answered to them, as rows."""

from datetime import date, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from chassis.db import Transaction
from services.referrals.domain.criterion import Answer, Setting
from services.referrals.store import SQL, Row


def find_criterion(tx: Transaction, site_code: str, *, on: date) -> Setting:
    """Find the criterion of a site on a day; one that set none has none."""
    row = tx.execute(SQL["find_criterion"], {"site_code": site_code, "on": on}).fetchone()
    return Setting(criterion="none") if row is None else Setting(**row)


def set_criterion(
    tx: Transaction,
    site_code: str,
    setting: Setting,
    *,
    from_on: date,
    now: datetime,
    by_user_id: UUID,
) -> bool:
    """Set the criterion of a site from a day on; say False when there is no such site."""
    values = {
        "site_code": site_code,
        "from_on": from_on,
        "criterion": setting.criterion,
        "threshold_day_cents": setting.threshold_day_cents,
        "now": now,
        "by_user_id": by_user_id,
    }
    if tx.execute(SQL["lock_site"], values).fetchone() is None:
        return False
    tx.execute(SQL["cut_criterion"], values)
    tx.execute(SQL["set_criterion"], values)
    return True


def list_criteria(tx: Transaction, site_code: str) -> list[Row]:
    """List the criteria of a site, the latest first."""
    return tx.execute(SQL["list_criteria"], {"site_code": site_code}).fetchall()


def add_criterion_answer(
    tx: Transaction,
    referral_id: UUID,
    *,
    criterion: str,
    answer: Answer,
    at: datetime,
    by_user_id: UUID,
) -> None:
    """Keep what the acceptance of a referral was based on."""
    values = {
        "referral_id": referral_id,
        "criterion": criterion,
        "figures": Jsonb(answer),
        "at": at,
        "by_user_id": by_user_id,
    }
    tx.execute(SQL["add_criterion_answer"], values)
