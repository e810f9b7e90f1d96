"""The criteria there are, one module each; a site's setting names one."""

from kernel.money import Cents
from services.referrals.domain.criteria import manual, none, reste_a_vivre
from services.referrals.domain.criterion import Criterion, Setting


def of(setting: Setting) -> Criterion:
    """Return the criterion of a setting."""
    match setting:
        case Setting(criterion="none"):
            return none.Nothing()
        case Setting(criterion="manual"):
            return manual.Manual()
        case Setting(criterion="reste_a_vivre", threshold_day_cents=int(threshold)):
            return reste_a_vivre.ResteAVivre(threshold_day_cents=Cents(threshold))
    raise ValueError(f"there is no criterion {setting}")
