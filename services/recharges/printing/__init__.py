"""Tickets and drawer reports on paper and screen: receipt printer, PDF, HTML, SMS.

`ticket_sheet` and `report_sheet` say a ticket or a report in a language, once; `escpos`, `html` and
`pdf` only lay that sheet out, so no rendering says more or less than another.  `sms` is short and
says less.
"""
