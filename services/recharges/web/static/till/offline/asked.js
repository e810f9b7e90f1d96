// Sales whose answer may get lost, kept on the disk of an enrolled till.

import { Asking } from "../asking.js";
import { read, write } from "./store.js";

export const asked = new Asking({
  all: () => read(["asked"], (tx) => tx.objectStore("asked").getAll()),
  put: (each) => write(["asked"], (tx) => tx.objectStore("asked").put(each)),
  drop: (key) => write(["asked"], (tx) => tx.objectStore("asked").delete(key)),
});
