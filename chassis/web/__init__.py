"""Pages for people: one look, one navigation and one way of acting, for every service.

A page is read on the server and acts through the API (decision 0022): a service declares it with
`@page`, in `services/<name>/web/`, and its forms send JSON to the routes that programs use.
"""

from chassis.web.page import Redirect, View, page

__all__ = ["Redirect", "View", "page"]
