// Dropping a file on the page sends the form at once. Everything else works without this.
const form = document.querySelector(".check");
const drop = form.querySelector(".drop");
const input = form.querySelector("input[type=file]");

function send() {
  drop.querySelector(".drop-hint").textContent = drop.dataset.dropped;
  drop.setAttribute("aria-busy", "true");
  form.requestSubmit();
}

form.classList.add("drops");
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
