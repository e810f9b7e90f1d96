// Reads a QR by the camera, a slip's or an enrolment's: by the browser itself where it can, else by a
// decoder that is loaded when it is first needed.

import { t } from "/static/chassis/say.js";

const LOOK_MS = 120;

const dialog = document.getElementById("camera");
const video = dialog.querySelector("video");
const words = dialog.querySelector("[data-words]");

/** Open the camera; the text that was read, or null when it was closed. */
export function scan() {
  return new Promise((resolve) => {
    let read = null;
    let stop = () => {};
    const closed = () => {
      off(stop);
      resolve(read);
    };
    dialog.addEventListener("close", closed, { once: true });
    words.textContent = "";
    video.hidden = false;
    dialog.showModal();
    const found = (text) => {
      read = text;
      dialog.close();
    };
    begin(found).then(
      (made) => (dialog.open ? (stop = made) : off(made)), // it was closed before it began
      (error) => {
        video.hidden = true;
        words.textContent = reasonOf(error);
      },
    );
  });
}

function off(stop) {
  stop();
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

async function begin(found) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", "NotFoundError");
  video.srcObject = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } }, // a slip's square is dense
  });
  await video.play();
  const Detector = await detectorClass();
  const detector = new Detector({ formats: ["qr_code"] });
  let timer;
  let stopped = false;
  const look = async () => {
    const [code] = await detector.detect(video).catch(() => []);
    if (stopped) return;
    if (code) found(code.rawValue);
    else timer = setTimeout(look, LOOK_MS);
  };
  look();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function detectorClass() {
  const own = globalThis.BarcodeDetector;
  if (own && (await own.getSupportedFormats()).includes("qr_code")) return own;
  return (await import("../vendor/qr-0.7.0/decode.js")).BarcodeDetector;
}

function reasonOf(error) {
  if (error?.name === "NotFoundError") return t("This device has no camera that the browser can use. Type the code that stands under the square.");
  if (error?.name === "NotAllowedError") return t("The browser may not use the camera. Allow it in the browser's settings, or type the code that stands under the square.");
  return t("The camera cannot be read just now. Type the code that stands under the square.");
}
