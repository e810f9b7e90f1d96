"""What referrals does when asked.  Each function is one transaction: load, decide, save, tell."""

from services.referrals.handlers.hearing import learn_sites, learn_users, note_visits
from services.referrals.handlers.merging import merge_person, unmerge_person
from services.referrals.handlers.referral import (
    accept_referral,
    refuse_referral,
    renew_entitlement,
    see_referral,
    submit_referral,
)
from services.referrals.handlers.showing import list_referrals, show_person, show_referral
from services.referrals.handlers.structure import add_structure, add_worker, list_structures

__all__ = [
    "accept_referral",
    "add_structure",
    "add_worker",
    "learn_sites",
    "learn_users",
    "list_referrals",
    "list_structures",
    "merge_person",
    "note_visits",
    "refuse_referral",
    "renew_entitlement",
    "see_referral",
    "show_person",
    "show_referral",
    "submit_referral",
    "unmerge_person",
]
