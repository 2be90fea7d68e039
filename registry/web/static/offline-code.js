// Has the signed part of a QR code checked, where this page's address carries one behind its '#'. The check itself and
// all that it can say are loaded only then: who scans a plain code waits for none of it.

const SHORTEST = 64; // characters; a shorter fragment is a place in the page
// Where things are: publicId, answer, did, check, words.
const place = document.getElementById("code-alarm").dataset;
let latest = 0;

function show(slot, ...nodes) {
  for (const name of ["code-alarm", "code-note"]) document.getElementById(name).replaceChildren();
  document.getElementById(slot).append(...nodes);
}

function own(name) {
  return document.getElementById(name).content.cloneNode(true);
}

async function run() {
  const fragment = location.hash.slice(1);
  // The other language is asked about the same print.
  for (const link of document.querySelectorAll("a.language")) link.hash = location.hash;
  const turn = ++latest;
  if (fragment.length < SHORTEST) return show("code-note");
  show("code-note", own("code-pending"));
  let shown;
  try {
    const { check } = await import(place.check);
    shown = await check(fragment, place);
  } catch {
    shown = ["code-note", own("code-unreached")];
  }
  if (turn === latest) show(...shown);
}

run();
addEventListener("hashchange", run);
