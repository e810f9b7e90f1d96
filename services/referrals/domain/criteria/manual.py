"""A manager decides, and says why."""

from kernel.refusal import Refusal
from services.referrals.domain.criterion import Answer, Given


class DecisionNeeded(Refusal):
    """At this site a manager decides who is taken in: a decision and its reason are needed."""

    code = "referrals.criterion.decision_needed"


class DecidedOtherwise(Refusal):
    """The manager decided not to take this person in. Refuse the referral with the reason."""

    code = "referrals.criterion.decided_otherwise"


class Manual:
    """Takes in whom a manager decides to."""

    def judge(self, given: Given) -> Answer:
        """Keep the manager's reason."""
        if given.decision is None or not given.by_manager:
            raise DecisionNeeded()
        if not given.decision.eligible:
            raise DecidedOtherwise()
        return {"reason": given.decision.reason}
