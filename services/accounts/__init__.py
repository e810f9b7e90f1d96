"""Accounts: who works where, who may do what, and which devices are tills.

Owns       sites, users with their roles, sign-in, tokens, tills and their devices
Publishes  accounts.access.ended.v1, accounts.device.enrolled.v1, accounts.device.revoked.v1,
           accounts.site.opened.v1, accounts.user.created.v1, accounts.user.disabled.v1
Hears      nothing
Answers    POST /v1/sessions, GET /v1/me, GET /v1/sites, POST /v1/sites, GET /v1/users,
           POST /v1/users, POST /v1/users/<uuid:user_id>/disable, GET /v1/devices,
           POST /v1/devices, POST /v1/devices/enrolments,
           POST /v1/devices/<uuid:device_id>/revoke
"""
