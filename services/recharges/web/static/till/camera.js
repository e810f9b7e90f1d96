// Reads the slip's QR by the camera: by the browser itself where it can, else by a decoder that is
// loaded when it is first needed.

import { t } from "/static/chassis/say.js";

const DECODER = "/static/recharges/vendor/zxing-browser-0.2.1/zxing-browser.min.js";
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
      stop();
      for (const track of video.srcObject?.getTracks() ?? []) track.stop();
      video.srcObject = null;
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
      (made) => (dialog.open ? (stop = made) : made()),
      (error) => {
        video.hidden = true;
        words.textContent = reasonOf(error);
      },
    );
  });
}

async function begin(found) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", "NotFoundError");
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  await video.play();
  return (await readsByItself()) ? byBrowser(found) : byDecoder(found);
}

async function readsByItself() {
  return "BarcodeDetector" in globalThis && (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

function byBrowser(found) {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const timer = setInterval(async () => {
    const [code] = await detector.detect(video).catch(() => []);
    if (code) found(code.rawValue);
  }, LOOK_MS);
  return () => clearInterval(timer);
}

async function byDecoder(found) {
  if (!globalThis.ZXingBrowser) await load(DECODER);
  const reader = new ZXingBrowser.BrowserQRCodeReader();
  const controls = await reader.decodeFromVideoElement(video, (result) => result && found(result.getText()));
  return () => controls.stop();
}

function load(source) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}

function reasonOf(error) {
  if (error?.name === "NotFoundError") return t("This device has no camera that the browser can use. Type the code that is printed under the square.");
  if (error?.name === "NotAllowedError") return t("The browser may not use the camera. Allow it in the browser's settings, or type the code that is printed under the square.");
  return t("The camera cannot be read just now. Type the code that is printed under the square.");
}
