"""Who somebody is by an OpenID Connect provider's word, and what that word is worth here."""

from dataclasses import dataclass

from kernel.refusal import Forbidden, NotFound, Unauthenticated

#: What a provider says of how somebody signed in there (RFC 8176), when it was by two factors.
_TWO_FACTORS = frozenset({"mfa", "otp", "hwk", "sc"})


class ProviderUnknown(NotFound):
    """There is no sign-in by {provider} here."""

    code = "accounts.oidc.provider_unknown"


class FlowRefused(Unauthenticated):
    """This sign-in took too long, was used before, or began elsewhere. Please start again."""

    code = "accounts.oidc.flow_refused"


class WordRefused(Unauthenticated):
    """The answer of {provider} cannot be trusted. Please start again."""

    code = "accounts.oidc.word_refused"


class NobodyHere(Forbidden):
    """{provider} knows you, but nobody here has your verified e-mail address."""

    code = "accounts.oidc.nobody_here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody as a provider knows them."""

    issuer: str
    subject: str
    #: None unless the provider has verified that the address is theirs.
    verified_email: str | None
    #: How they signed in there, in RFC 8176's words.
    methods: frozenset[str] = frozenset()

    @property
    def gave_two_factors(self) -> bool:
        """Whether the provider has asked for a second factor itself."""
        return not self.methods.isdisjoint(_TWO_FACTORS)
