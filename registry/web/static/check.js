// Handing in a file by dropping it, and a code by camera or as a photo. Everything else works without this.
const form = document.querySelector(".check");
const drop = form.querySelector(".drop");
const hint = drop.querySelector(".drop-hint");
const input = form.querySelector("input[type=file]");
const scan = document.getElementById("scan");
const camera = document.getElementById("camera");
const video = camera.querySelector("video");
const said = camera.querySelector("[role=status]");
// Milliseconds between two looks: reading one picture takes a third of that on a small telephone.
const PAUSE = 150;
// Pixels on the longer side, to which a photo is made smaller before it is read.
const LARGEST = 1600;

// Reading codes -------------------------------------------------------------------------------------------------------

/** The browser's own reader where it has one, else qr/decode.js, which has the same face. */
async function reader() {
  const own = globalThis.BarcodeDetector;
  const formats = own ? await own.getSupportedFormats() : [];
  const Kind = formats.includes("qr_code") ? own : (await import(scan.dataset.reader)).BarcodeDetector;
  return new Kind({ formats: ["qr_code"] });
}

async function textIn(photo) {
  const whole = await createImageBitmap(photo);
  const scale = Math.min(1, LARGEST / Math.max(whole.width, whole.height));
  const size = { resizeWidth: Math.round(whole.width * scale), resizeHeight: Math.round(whole.height * scale) };
  const [code] = await (await reader()).detect(await createImageBitmap(whole, size));
  return code?.rawValue ?? "";
}

// Files ---------------------------------------------------------------------------------------------------------------

async function send() {
  hint.textContent = drop.dataset.dropped;
  drop.setAttribute("aria-busy", "true");
  const [file] = input.files;
  if (file.type.startsWith("image/")) {
    form.elements.text.value = await textIn(file).catch(() => "");
    input.value = "";
    if (!form.elements.text.value) {
      drop.removeAttribute("aria-busy");
      hint.textContent = drop.dataset.noCode;
      return;
    }
  }
  form.requestSubmit();
}

form.classList.add("drops");
input.accept += ",image/*";
// Beside the field a file would replace the page.
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
drop.addEventListener("dragover", () => drop.classList.add("over"));
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  if (event.dataTransfer.files.length === 0) return;
  input.files = event.dataTransfer.files;
  send();
});
input.addEventListener("change", () => input.files.length > 0 && send());

// Camera --------------------------------------------------------------------------------------------------------------

function letGo() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

async function look(codes) {
  while (camera.open) {
    const [code] = video.readyState >= video.HAVE_CURRENT_DATA ? await codes.detect(video) : [];
    if (code?.rawValue && camera.open) {
      said.textContent = said.dataset.found;
      form.elements.text.value = code.rawValue;
      form.requestSubmit();
      return camera.close();
    }
    await new Promise((again) => setTimeout(again, PAUSE));
  }
}

async function open() {
  said.textContent = said.dataset.looking;
  camera.showModal();
  try {
    const wanted = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
    // Closed while the browser asked.
    if (!camera.open) return letGo();
    await video.play();
    await look(await reader());
  } catch (error) {
    letGo();
    said.textContent = error.name === "NotAllowedError" ? said.dataset.refused : said.dataset.missing;
  }
}

// Only where the page came safely (https) is there a camera to ask for.
scan.hidden = !navigator.mediaDevices?.getUserMedia;
scan.querySelector("button").addEventListener("click", open);
camera.querySelector("[data-close]").addEventListener("click", () => camera.close());
camera.addEventListener("close", letGo);
