"""Accounts: who works where, who may do what, and which devices are tills.

Owns       sites, users with their roles, sign-in, sessions, second factors, tills and their
           devices; the chained log of who did what to whose access
Publishes  accounts.access.ended.v1, accounts.device.enrolled.v1, accounts.device.revoked.v1,
           accounts.erasure.acknowledged.v1, accounts.export.answered.v1, accounts.site.opened.v1,
           accounts.user.changed.v1, accounts.user.created.v1, accounts.user.disabled.v1,
           accounts.user.enabled.v1
Hears      referrals.export.requested.v1, referrals.person.erased.v1
Shows      GET /, GET /compte, GET /compte/sessions, GET /connexion,
           GET /connexion/nouveau-mot-de-passe, GET /connexion/oubli,
           GET /connexion/retour/<provider>, GET /pilotage, GET /pilotage/appareils,
           GET /pilotage/appareils/liste, GET /pilotage/journal, GET /pilotage/journal/chaine,
           GET /pilotage/livraisons, GET /pilotage/livraisons/<service>, GET /pilotage/personnes,
           GET /pilotage/personnes/<uuid:user_id>, GET /pilotage/personnes/apercu,
           GET /pilotage/personnes/liste, GET /pilotage/personnes/nouvelle
Answers    POST /v1/sessions, POST /v1/browser-sessions, GET /v1/sessions,
           POST /v1/sessions/<uuid:session_id>/revoke, POST /v1/sessions/revoke-all,
           POST /v1/sign-out, GET /v1/me, GET /v1/oidc, POST /v1/oidc/<provider>/start,
           POST /v1/oidc/<provider>/callback, POST /v1/oidc/<provider>/browser-callback,
           POST /v1/password, POST /v1/password-resets, POST /v1/password-resets/use,
           GET /v1/second-factor, POST /v1/second-factor, POST /v1/second-factor/confirm,
           POST /v1/second-factor/recovery-codes, POST /v1/second-factor/remove,
           GET /v1/sites, POST /v1/sites,
           GET /v1/users, POST /v1/users, POST /v1/users/<uuid:user_id>/change,
           POST /v1/users/<uuid:user_id>/disable, POST /v1/users/<uuid:user_id>/enable,
           POST /v1/users/<uuid:user_id>/second-factor/remove,
           GET /v1/devices, POST /v1/devices, POST /v1/browser-devices,
           POST /v1/devices/enrolments,
           POST /v1/devices/<uuid:device_id>/revoke, POST /v1/devices/<uuid:device_id>/roll,
           GET /v1/log,
           GET /v1/backlog, GET /v1/parked,
           POST /v1/parked/<int:parked_id>/replay, POST /v1/parked/<int:parked_id>/discard
"""
