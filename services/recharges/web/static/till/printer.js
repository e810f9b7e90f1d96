// A receipt printer on a serial line (by USB or Bluetooth), where the browser may speak to one.  The
// first ticket asks which it is; the browser remembers it from then on.

import { t } from "/static/chassis/say.js";

const BAUD = 9_600;

/** Whether this browser can speak to a receipt printer by itself. */
export const isThere = () => "serial" in navigator;

/** Print a ticket's bytes; gives a sentence where that failed. */
export async function print(bytes) {
  let port;
  try {
    [port] = await navigator.serial.getPorts();
    port ??= await navigator.serial.requestPort();
  } catch {
    return t("No receipt printer was chosen, and nothing is printed. Touch again to choose one, or print another way.");
  }
  try {
    await port.open({ baudRate: BAUD });
    const writer = port.writable.getWriter();
    await writer.write(bytes);
    await writer.close();
    await port.close();
    return null;
  } catch {
    await port.close().catch(() => {});
    await port.forget?.().catch(() => {}); // the next ticket asks again which printer it is
    return t("The receipt printer did not take the ticket. Look whether it is on, and print again.");
  }
}
