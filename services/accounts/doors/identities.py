"""Signing in by an OpenID Connect provider's word; no transaction is open while it is asked."""

import hmac
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from chassis import http
from chassis.http import ANYONE, Call, Reply
from chassis.resources import DatabaseProvider
from kernel.refusal import Unauthenticated
from services.accounts.api import identities as api
from services.accounts.api.sessions import BrowserSession, Session
from services.accounts.domain.identity import (
    FlowRefused,
    Identity,
    NobodyHere,
    ProviderUnknown,
)
from services.accounts.domain.session import Way
from services.accounts.doors import attempts, secrets
from services.accounts.doors.deeds import deed_of, session_lifetime
from services.accounts.doors.sessions import answer_of, in_cookie
from services.accounts.gateway import Provider
from services.accounts.handlers import identities as handlers
from services.accounts.handlers import sessions
from services.accounts.handlers.deeds import Deed
from services.accounts.handlers.sessions import Begun, Stopped
from services.accounts.settings import current


@cache
def _providers() -> dict[str, Provider]:
    return {
        name: Provider(
            name=name,
            issuer=told.issuer,
            client_id=told.client_id,
            client_secret=told.client_secret.get_secret_value(),
            redirect_uri=told.redirect_uri,
        )
        for name, told in current().relais_oidc_providers.items()
    }


def _provider(name: str) -> Provider:
    found = _providers().get(name)
    if found is None:
        raise ProviderUnknown(provider=name)
    return found


def provider_names() -> list[str]:
    """List the providers that one may sign in by."""
    return sorted(_providers())


class IdentityDoors:
    """Sign-in elsewhere."""

    database: Any = DatabaseProvider()

    @http.door("GET", "/v1/oidc", answer=list[api.ProviderShown], allow=ANYONE)
    def list_providers(self, call: Call) -> list[api.ProviderShown]:
        """List the providers that one may sign in by."""
        return [api.ProviderShown(provider=name) for name in provider_names()]

    @http.door(
        "POST",
        "/v1/oidc/<provider>/start",
        answer=api.FlowStarted,
        status=201,
        allow=ANYONE,
    )
    def start_flow(self, call: Call, provider: str) -> api.FlowStarted:
        """Say where the browser goes to sign in; what it keeps meanwhile goes nowhere else."""
        chosen, seal = _provider(provider), secrets.seal()
        expires_at = call.now + timedelta(minutes=current().oidc_minutes)
        flow = seal.new_flow(provider, expires_at=expires_at)
        return api.FlowStarted(
            authorization_url=chosen.authorization_url(
                state=seal.of_flow("state", flow),
                nonce=seal.of_flow("nonce", flow),
                verifier=seal.of_flow("verifier", flow),
            ),
            flow=flow,
        )

    @http.door(
        "POST",
        "/v1/oidc/<provider>/callback",
        body=api.FlowBack,
        answer=Session,
        status=201,
        allow=ANYONE,
    )
    def end_flow(self, call: Call, body: api.FlowBack, provider: str) -> Session:
        """Exchange what the provider sent the browser back with for a token of ours."""
        return answer_of(self._end(call, body, provider=provider))

    @http.door(
        "POST",
        "/v1/oidc/<provider>/browser-callback",
        body=api.FlowBack,
        answer=BrowserSession,
        status=201,
        allow=ANYONE,
    )
    def end_flow_in_browser(self, call: Call, body: api.FlowBack, provider: str) -> Reply:
        """Do the same for a browser: the token is in a cookie that no script reads."""
        return in_cookie(answer_of(self._end(call, body, provider=provider)))

    def _end(self, call: Call, body: api.FlowBack, *, provider: str) -> Begun | Stopped:
        chosen, deed = _provider(provider), deed_of(call)
        counts = (attempts.for_address(call, kind="provider_address"),)
        try:
            with attempts.counted(self.database, counts, call=call, wrong=Unauthenticated):
                identity = self._identify(chosen, body, deed=deed)
                outcome = self._begin(identity, body, provider=provider, deed=deed)
                if isinstance(outcome, Stopped):
                    raise outcome.refusal
                return outcome
        except (Unauthenticated, NobodyHere) as refusal:
            reason = refusal.code.rpartition(".")[2]
            with self.database.transaction() as tx:
                handlers.note_failure(tx, provider=provider, reason=reason, deed=deed)
            raise

    def _identify(self, provider: Provider, body: api.FlowBack, *, deed: Deed) -> Identity:
        """Ask the provider who came back, once for each flow that we began in this browser."""
        seal, flow = secrets.seal(), body.flow.get_secret_value()
        expires_at: datetime | None = seal.read_flow(provider.name, flow)
        state = seal.of_flow("state", flow).encode()
        given = body.state.get_secret_value().encode()
        if expires_at is None or not hmac.compare_digest(state, given):
            raise FlowRefused()
        with self.database.transaction() as tx:
            digest = seal.flow_digest(flow)
            handlers.use_flow(tx, digest=digest, expires_at=expires_at, deed=deed)
        return provider.identify(
            body.code.get_secret_value(),
            nonce=seal.of_flow("nonce", flow),
            verifier=seal.of_flow("verifier", flow),
            now=deed.now,
        )

    def _begin(
        self, identity: Identity, body: api.FlowBack, *, provider: str, deed: Deed
    ) -> Begun | Stopped:
        code = body.second_factor
        with self.database.transaction() as tx:
            user_id = handlers.find_user(tx, identity, provider=provider, deed=deed)
            outcome = sessions.begin(
                tx,
                user_id,
                way=Way.OIDC,
                code=None if code is None else code.get_secret_value(),
                seal=secrets.factors(),
                lifetime=session_lifetime(),
                deed=deed,
                proven_twice=identity.gave_two_factors,
            )
            if isinstance(outcome, Begun):
                sessions.note_sign_in(tx, outcome, deed=deed)
        return outcome
