// Checks a form as one types: asks the server what would be wrong with it, and shows that at the fields that have been
// left or typed in. Without this file the server says the same when the form is sent.
const PAUSE = 400;

for (const form of document.querySelectorAll("form[data-check]")) {
  const touched = new Set();
  let waiting;
  let asked = 0;

  const show = (errors) => {
    for (const field of form.elements) {
      if (!touched.has(field.name) || field.type === "hidden") continue;
      mark(field, errors[field.name]);
    }
  };

  const check = async () => {
    const number = ++asked;
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const type = answer.headers.get("Content-Type") ?? "";
      // A slower answer to an earlier question says nothing about what stands there now.
      if (answer.ok && type.startsWith("application/json") && number === asked) show((await answer.json()).errors);
    } catch {
      // Out of reach for now: the server checks all of it when the form is sent.
    }
  };

  const soon = (event, pause) => {
    if (!event.target.name) return;
    touched.add(event.target.name);
    clearTimeout(waiting);
    waiting = setTimeout(check, pause);
  };
  form.addEventListener("input", (event) => soon(event, PAUSE));
  form.addEventListener("change", (event) => soon(event, 0));
}

function mark(field, words) {
  const id = `${field.name}-wrong`;
  let told = document.getElementById(id);
  if (!words) {
    told?.remove();
    field.removeAttribute("aria-invalid");
    describe(field, id, false);
    return;
  }
  if (!told) {
    told = document.createElement("p");
    told.className = "wrong";
    told.id = id;
    told.setAttribute("aria-live", "polite");
    field.after(told);
  }
  told.textContent = words;
  field.setAttribute("aria-invalid", "true");
  describe(field, id, true);
}

function describe(field, id, present) {
  const others = (field.getAttribute("aria-describedby") ?? "").split(/\s+/).filter((one) => one && one !== id);
  const all = present ? [id, ...others] : others;
  if (all.length) field.setAttribute("aria-describedby", all.join(" "));
  else field.removeAttribute("aria-describedby");
}
