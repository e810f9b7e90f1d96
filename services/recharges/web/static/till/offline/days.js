// The business day and month of an instant, as the service counts them: Europe/Paris.

const form = new Intl.DateTimeFormat("en-CA", {
  timeZone: "Europe/Paris",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});

/** The day an instant belongs to, as `2026-11-22`. */
export const businessDate = (at = new Date()) => form.format(at);
/** The month an instant belongs to, as `2026-11`. */
export const businessMonth = (at = new Date()) => businessDate(at).slice(0, 7);
