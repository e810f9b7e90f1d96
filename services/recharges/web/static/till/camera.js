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
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  return (await readsByItself()) ? byBrowser(stream, found) : byDecoder(stream, found);
}

async function readsByItself() {
  return "BarcodeDetector" in globalThis && (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

async function byBrowser(stream, found) {
  video.srcObject = stream;
  await video.play();
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const timer = setInterval(async () => {
    const [code] = await detector.detect(video).catch(() => []);
    if (code) found(code.rawValue);
  }, LOOK_MS);
  return () => clearInterval(timer);
}

async function byDecoder(stream, found) {
  await import("../vendor/zxing-browser-0.2.1/zxing-browser.min.js"); // it leaves its name to the page
  const reader = new ZXingBrowser.BrowserQRCodeReader();
  const controls = await reader.decodeFromStream(stream, video, (result) => result && found(result.getText()));
  return () => controls.stop();
}

function reasonOf(error) {
  if (error?.name === "NotFoundError") return t("This device has no camera that the browser can use. Type the code that stands under the square.");
  if (error?.name === "NotAllowedError") return t("The browser may not use the camera. Allow it in the browser's settings, or type the code that stands under the square.");
  return t("The camera cannot be read just now. Type the code that stands under the square.");
}
