// The code of the mail stands behind the `#` of its link: no server's log has it.  It goes into the
// form, and out of the address.

const code = decodeURIComponent(location.hash.slice(1));
if (code) {
  const place = document.querySelector("[data-code]");
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  hidden.name = "token";
  hidden.value = code;
  place.replaceWith(hidden);
  history.replaceState(null, "", location.pathname);
}
