"""Our own strict stand-in for Stripe's HTTP API: a network without the internet takes cards.

It answers what the real `stripe` client sends, and refuses what Stripe refuses: unknown parameters,
an Idempotency-Key with other parameters, two requests at once under one key, a refund beyond what
was charged, the cancelling of what has succeeded.  What it answered survives a kill: every request
is one transaction of an SQLite file.  Test cards are Stripe's own names (`cards.py`).

    rooms       forms -> intents, refunds, disputes, listing -> routes -> api -> server
                store (SQLite), weather (bad days), courier (webhooks), control (the back door),
                reader (a customer with a card)
    API         POST GET /v1/payment_intents[/<id>[/confirm|cancel|capture]]
                POST GET /v1/refunds[/<id>]
                GET /v1/charges[/<id>], /v1/disputes[/<id>], /v1/events[/<id>]
    environment STRIPE_API_KEY (several: comma separated), STRIPE_WEBHOOK_SECRET,
                STRIPE_WEBHOOK_URL (none: nothing is told), STRIPE_STATE_FILE, RELAIS_HTTP_PORT,
                STRIPE_READER_AFTER_S (none: nobody holds a card to a reader)

`/control` is no part of Stripe: it is for tests and for a person at the demonstration, answers
callers of this machine only, and takes JSON:

    POST /control/payment_intents/<id>/pay           {"payment_method": "pm_card_visa"}
    POST /control/payment_intents/<id>/authenticate  {"succeeds": true}
    POST /control/payment_intents/<id>/dispute       {"reason": "fraudulent"}
    POST /control/disputes/<id>/close                {"status": "won"}
    POST /control/refunds/<id>/fail                  {}
    POST /control/events/<id>/send                   {}
    POST /control/forget_keys                        {}      (as Stripe does after 24 hours)
    POST /control/bad_days    {"kind": "cut", "count": 1, "seconds": 2, "method": "POST",
                               "path": "/v1/refunds*"}
    GET DELETE /control/bad_days    GET /control/deliveries    GET /control (this text)

Every bad day ends by itself, after `count` requests or events:

    webhooks_late      told `seconds` later          slow                answered `seconds` later
    webhooks_twice     told two times                cut                 done, and never answered
    webhooks_reversed  `count` of them, told         cut_before          neither done nor answered
                       backwards after `seconds`     rate_limit          429, and nothing done
    webhooks_dropped   never told: one has to ask    server_error        500, and nothing done
                                                     server_error_after  done; its key keeps a 500

Where it is not Stripe: a payment method keeps the name of its test card; there are no customers,
fees or balance.  Checkout sessions, prices and set-up intents go into modules of their own beside
`intents.py`, with their lines in `routes.py`, when donations need them.
"""
